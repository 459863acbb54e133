import DataplaneKernel
import DataplaneModel
import Reconcile

/// What the kernel has of single virtual servers, beside what is planned of them.
struct KernelView {
    private let read: (VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer?
    /// Why the kernel could not be asked.
    let notes: [String]

    init(
        notes: [String] = [],
        read: @escaping (VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer?
    ) {
        self.notes = notes
        self.read = read
    }

    private init(unreadable reason: String) {
        self.init(notes: ["kernel: \(reason)"]) { (_) throws(DataplaneError) in
            throw DataplaneError(part: .ipvs, explanation: reason)
        }
    }

    /// This network namespace's IPVS; it is not loaded by being looked at.
    static func open() -> KernelView {
        guard !KernelModule.isAbsent("ip_vs") else { return KernelView(unreadable: "ip_vs is not loaded") }
        do throws(DataplaneError) {
            let ipvs = try KernelIPVS()
            return KernelView { (id) throws(DataplaneError) in try ipvs.virtualServer(.address(id)) }
        } catch {
            return KernelView(unreadable: "\(error)")
        }
    }

    /// One line where the kernel has what is planned, otherwise one for each difference.
    func lines(about id: VirtualServer.ID, planned: VirtualServer?) -> [String] {
        guard notes.isEmpty else { return [] }
        do throws(DataplaneError) {
            return Self.differences(planned, try read(id)).map { "kernel: \($0)" }
        } catch {
            return ["kernel: \(error)"]
        }
    }

    static func differences(_ planned: VirtualServer?, _ observed: ObservedVirtualServer?) -> [String] {
        guard let planned else { return observed == nil ? [] : ["has it, although it is not planned"] }
        guard let observed else { return ["no such virtual server"] }
        var lines: [String] = []
        if observed.configuration != planned.configuration {
            lines.append("has it with \(text(observed.configuration)), not \(text(planned.configuration))")
        }
        let there = Dictionary(
            observed.realServers.map { ($0.realServer.id, $0) }, uniquingKeysWith: { first, _ in first })
        for wanted in planned.realServers {
            guard let found = there[wanted.id] else {
                lines.append("lacks real server \(wanted.id)")
                continue
            }
            if found.realServer != wanted {
                lines.append(
                    "has real server \(wanted.id) with weight \(found.realServer.weight), not \(wanted.weight)")
            }
        }
        let wanted = Set(planned.realServers.map(\.id))
        for extra in observed.realServers where !wanted.contains(extra.realServer.id) {
            let connections = extra.activeConnections + extra.inactiveConnections
            lines.append(
                extra.realServer.weight == 0
                    ? "\(extra.realServer.id) drains: weight 0, \(connections) connections"
                    : "has real server \(extra.realServer.id), which is not planned")
        }
        if lines.isEmpty {
            let active = observed.realServers.reduce(0) { $0 + UInt64($1.activeConnections) }
            lines = ["as planned, \(active) active connections"]
        }
        return lines
    }

    private static func text(_ configuration: VirtualServer.Configuration) -> String {
        let persistence =
            configuration.flags.contains(.persistent)
            ? "persistence of \(configuration.persistenceTimeout) s" : "no persistence"
        return "scheduler \(configuration.scheduler), \(persistence)"
    }
}
