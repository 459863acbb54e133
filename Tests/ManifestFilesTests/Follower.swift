// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import Testing

@testable import ManifestFiles

/// Follows the updates of a directory as the daemon does: by adding up the changes.
struct Follower {
    private var iterator: ManifestUpdates.Iterator
    private(set) var services: [String: Service] = [:]
    private(set) var slices: [String: EndpointSlice] = [:]
    private(set) var nodes: Set<String> = []
    /// All that was told so far, as text.
    private(set) var told: [String] = []

    /// - Parameter gathers: Whether changes are gathered for a moment, or read at once.
    init(_ directory: TemporaryDirectory, largestFile: Int? = nil, gathers: Bool = true, asksForWriters: Bool = true)
        throws
    {

        var settings = ManifestDirectory(path: directory.path)
        settings.asksForWriters = asksForWriters
        settings.quietPeriod = .milliseconds(20)
        settings.checkInterval = .milliseconds(50)
        if !gathers {
            settings.quietPeriod = .milliseconds(1)
            settings.longestGathering = .zero
            // How slow the test's writer is on a busy machine is no subject.
            settings.checkInterval = .seconds(30)
        }
        if let largestFile { settings.largestFile = largestFile }
        iterator = try settings.updates().makeAsyncIterator()
    }

    /// The services' cluster IPs by name.
    var clusterIPs: [String: String] {
        services.mapValues { $0.clusterIPs.map(\.description).joined(separator: ",") }
    }

    @discardableResult
    mutating func next() async throws -> ManifestUpdate {
        let update = try #require(await iterator.next())
        for service in update.services { services[service.name.name] = service }
        for name in update.removedServices {
            let removed = services.removeValue(forKey: name.name)
            #expect(removed != nil, "an object was removed that was not there")
        }
        for slice in update.endpointSlices { slices[slice.name.name] = slice }
        for name in update.removedEndpointSlices { slices[name.name] = nil }
        nodes.formUnion(update.nodes.map(\.name))
        nodes.subtract(update.removedNodes)
        told += update.reports.map(\.description)
        return update
    }

    /// Follows until the state is as wanted. The tests' time limit ends what never becomes so.
    mutating func follow(until isReached: (Follower) -> Bool) async throws {
        while !isReached(self) { try await next() }
    }
}

/// A Service `default/NAME` in YAML.
func service(_ name: String, _ clusterIP: String, port: String = "80") -> String {
    """
    apiVersion: v1
    kind: Service
    metadata:
      name: \(name)
    spec:
      clusterIP: \(clusterIP)
      ports:
        - port: \(port)

    """
}
