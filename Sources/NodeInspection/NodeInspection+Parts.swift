// SPDX-License-Identifier: GPL-2.0-or-later
public import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
import KubernetesWatch
public import Logging
public import NodeStartup
public import Reconcile
import ServicePlan

/// `plan` of a large cluster, which does not stand in memory as a whole.
///
/// The Services are planned in parts. For each part the API server is asked once more, and of the kernel only that is looked at which
/// the part wants. What nobody wants comes at the end. Between parts no more is remembered of an object than a hash.
extension NodeInspection {
    /// As many as are planned at once. What they take in memory is some 15 MiB, with all that belongs to them.
    static var servicesAtOnce: Int { 5_000 }

    /// Rehearses the first pass of a daemon, in parts where that takes less memory.
    ///
    /// - Parameter note: called with each line that would be written, as soon as it is known.
    /// - Returns: what could not even be read, so that nothing is known of its changes.
    /// - Throws: `StartError` when the source or the kernel cannot be read at all.
    public static func rehearse(
        settings: EffectiveSettings,
        source: ObjectSource,
        version: String,
        logger: Logger,
        _ note: @escaping (RehearsedChange) -> Void
    ) async throws -> [String] {
        if case .cluster(let client, _, let connection) = try OpenedSource(
            source, settings: settings, version: version, logger: logger)
        {
            var reading = PartedReading(client, connection, settings)
            if try await reading.divide(by: servicesAtOnce) > 1 {
                let dataplane = try await kernel()
                return try await rehearse(
                    &reading, over: dataplane, settingsKeeper(settings), inspect: { try Self(settings, $0) }, note)
            }
        }
        return try await Self(settings: settings, source: source, version: version, logger: logger).rehearse(note)
    }

    /// - Parameter inspect: makes an inspection of objects that were read.
    static func rehearse(
        _ reading: inout PartedReading,
        over dataplane: Dataplane,
        _ settingsKeeper: SettingsKeeper,
        inspect: (ObjectSnapshot) throws -> NodeInspection,
        _ note: @escaping (RehearsedChange) -> Void
    ) async throws -> [String] {
        let wanted = WantedSubjects()
        var failures: [String] = []
        for part in 0..<reading.count {
            let inspection = try inspect(try await reading.objects(of: part))
            let subjects = inspection.subjects(of: inspection.table.servicePorts)
            failures += await inspection.rehearse(
                over: dataplane.showing(subjects.contains), part == 0 ? settingsKeeper : SettingsKeeper([])
            ) { change in
                // What belongs to the whole node, and what an earlier part wants too, was told then.
                if change.subject.map({ !wanted.contains($0) }) ?? (part == 0) { note(change) }
            }
            wanted.insert(subjects)
        }
        failures += try await inspect(reading.withoutServices).rehearse(
            over: dataplane.showing { !wanted.contains($0) }, SettingsKeeper([])
        ) { change in
            if change.subject != nil { note(change) }
        }
        var told: Set<String> = []
        return failures.filter { told.insert($0).inserted }
    }
}

/// What Services of the parts so far want.
private final class WantedSubjects {
    /// Of hundreds of thousands of objects, two have the same hash once in a thousand million plans.
    private var hashes: Set<Int> = []

    func insert(_ subjects: Set<RehearsedChange.Subject>) {
        for subject in subjects { hashes.insert(subject.hashValue) }
    }

    func contains(_ subject: RehearsedChange.Subject) -> Bool {
        hashes.contains(subject.hashValue)
    }
}

/// Reads the objects of a cluster part by part.
struct PartedReading {
    private let client: ClusterClient
    private let connection: ClusterConnection
    private let nodeName: String
    private var parts = ServiceParts()
    /// What every part has: the own Node, and the addresses of the API server.
    private(set) var withoutServices = ObjectSnapshot()

    init(_ client: ClusterClient, _ connection: ClusterConnection, _ settings: EffectiveSettings) {
        self.client = client
        self.connection = connection
        nodeName = settings.nodeName
    }

    var count: Int { parts.count }

    /// Lets all Services pass by.
    ///
    /// - Returns: how many parts there are.
    /// - Throws: `StartError` when the source cannot be read, with its words.
    mutating func divide(by size: Int) async throws(StartError) -> Int {
        do throws(APIError) {
            var parts = ServiceParts()
            _ = try await client.services.list(.cached) { observed in
                if let service = observed.object { parts.note(service) }
                return false
            }
            parts.divide(by: size)
            self.parts = parts
            withoutServices.take(try await client.node(named: nodeName).list(.cached).objects)
            withoutServices.noteAPIServer(connection)
            return parts.count
        } catch {
            throw StartError("cannot list the objects of \(ObjectSource.cluster(connection)): \(error)")
        }
    }

    /// The objects of a part. The first part is to be read first.
    ///
    /// - Throws: `StartError` when the source cannot be read, with its words.
    mutating func objects(of part: Int) async throws(StartError) -> ObjectSnapshot {
        do throws(APIError) {
            var objects = withoutServices
            var parts = parts
            objects.take(
                try await client.services.list(.cached) { observed in
                    observed.object.map { parts.part(of: $0) == part } ?? false
                }.objects)
            objects.take(
                try await client.endpointSlices.list(.cached) { observed in
                    observed.object.map { parts.part(ofSlicesOf: $0.service) == part } ?? false
                }.objects)
            self.parts = parts
            return objects
        } catch {
            throw StartError("cannot list the objects of \(ObjectSource.cluster(connection)): \(error)")
        }
    }
}
