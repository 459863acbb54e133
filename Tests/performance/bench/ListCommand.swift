// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import Glibc
import KubernetesHTTP
import KubernetesObjects
import KubernetesWatch
import Logging

/// What comes before any planning: the three lists, decoded and kept, as the daemon does. It needs no kernel of its own.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract:
            "Measures how long the Services, EndpointSlices and the Node of an API server take until they are decoded."
    )

    @OptionGroup var scale: ScaleOptions
    @Option(help: "Of the API server; the scale must be its own.") var kubeconfig: String
    @Option(help: "The Node's name.") var node = Scale.nodeName

    func run() async throws {
        let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        let connection = try ClusterConnection.find(kubeconfig: kubeconfig, server: "", environment: [:])
        let client = ClusterClient(connection, version: "bench", logger: logger)
        let switches = Self.switches
        let name = node
        let cost = await Meter.measure {
            async let slices: Void = Self.list(client.endpointSlices)
            async let services: Void = Self.list(client.services)
            async let nodes: Void = Self.list(client.node(named: name))
            _ = await (slices, services, nodes)
        }
        let measured = scale.value
        Record("list and decode", measured, cost, peakResident: Meter.peakResident).print()
        Record("list and decode: context switches", measured, Cost(messages: Self.switches - switches)).print()
    }

    /// Follows a resource until its list is complete.
    private static func list<Object>(_ source: ResourceListWatch<HTTPTransport, Object>) async {
        var store = ObjectStore<Object>()
        for await update in Reflector(source: source, clock: ContinuousClock()) {
            _ = store.apply(update)
            if store.hasSynced { return }
        }
    }

    private static var switches: Double {
        var usage = rusage()
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        return Double(usage.ru_nvcsw + usage.ru_nivcsw)
    }
}
