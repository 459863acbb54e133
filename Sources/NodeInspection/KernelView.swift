// SPDX-License-Identifier: GPL-2.0-or-later
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

    /// What the kernel has of a virtual server, against the plan.
    struct Comparison: Hashable {
        var isAsPlanned: Bool
        /// One line where the kernel has what is planned, and one for each difference.
        var lines: [String]
    }

    /// Without lines where the kernel cannot be asked at all.
    func comparison(of id: VirtualServer.ID, planned: VirtualServer?) -> Comparison {
        guard notes.isEmpty else { return Comparison(isAsPlanned: true, lines: []) }
        do throws(DataplaneError) {
            return Self.comparison(planned, try read(id))
        } catch {
            return Comparison(isAsPlanned: false, lines: ["\(error)"])
        }
    }

    private static func comparison(_ planned: VirtualServer?, _ observed: ObservedVirtualServer?) -> Comparison {
        guard let planned else {
            return observed == nil
                ? Comparison(isAsPlanned: true, lines: [])
                : Comparison(isAsPlanned: false, lines: ["has it, although it is not planned"])
        }
        guard let observed else { return Comparison(isAsPlanned: false, lines: ["has no such virtual server"]) }
        var lines: [String] = []
        if observed.configuration != planned.configuration {
            lines.append("has it with \(text(observed.configuration)), not \(text(planned.configuration))")
        }
        let there = Dictionary(
            observed.realServers.map { ($0.realServer.id, $0) }, uniquingKeysWith: { first, _ in first })
        var rising: [String] = []
        for wanted in planned.realServers {
            guard let found = there[wanted.id] else {
                lines.append("lacks real server \(wanted.id)")
                continue
            }
            if found.realServer.rises(to: wanted, over: planned.slowStart) {
                rising.append(
                    "lets the weight of \(wanted.id) rise: \(found.realServer.weight) of \(wanted.weight) now")
            } else if found.realServer != wanted {
                lines.append(
                    "has real server \(wanted.id) with weight \(found.realServer.weight), not \(wanted.weight)")
            }
        }
        let wanted = Set(planned.realServers.map(\.id))
        let extra = observed.realServers.filter { !wanted.contains($0.realServer.id) }
        lines += extra.filter { $0.realServer.weight > 0 }.map {
            "has real server \($0.realServer.id), which is not planned"
        }
        let isAsPlanned = lines.isEmpty
        if isAsPlanned {
            let active = observed.realServers.reduce(0) { $0 + UInt64($1.activeConnections) }
            lines = ["has it as planned, with \(active) active connections"]
        }
        lines += rising
        // Those that drain are as they should be.
        lines += extra.filter { $0.realServer.weight == 0 }.map {
            "lets \($0.realServer.id) drain: weight 0, \($0.activeConnections + $0.inactiveConnections) connections"
        }
        return Comparison(isAsPlanned: isAsPlanned, lines: lines)
    }

    private static func text(_ configuration: VirtualServer.Configuration) -> String {
        let persistence =
            configuration.flags.contains(.persistent)
            ? "persistence of \(configuration.persistenceTimeout) s" : "no persistence"
        let flags = configuration.flags.intersection([.scheduler1, .scheduler2, .scheduler3])
        let names = flags.isEmpty ? "" : " with flags \(flags.names(for: configuration.scheduler))"
        return "scheduler \(configuration.scheduler)\(names), \(persistence)"
    }
}

extension RealServer {
    /// Whether it is another one on its way, but for the weight, which slow start lets rise.
    fileprivate func rises(to wanted: RealServer, over seconds: UInt32) -> Bool {
        guard seconds > 0, SlowStart.elapsed(at: weight, full: wanted.weight, of: seconds) != nil else { return false }
        var full = self
        full.weight = wanted.weight
        return full == wanted
    }
}

extension VirtualServerFlags {
    /// Such as `mh-fallback,mh-port`.
    fileprivate func names(for scheduler: Scheduler) -> String {
        let hashes = [.maglevHashing, .sourceHashing].contains(scheduler)
        let names: KeyValuePairs<String, Self> = [
            hashes ? "\(scheduler)-fallback" : "flag-1": .scheduler1,
            hashes ? "\(scheduler)-port" : "flag-2": .scheduler2,
            "flag-3": .scheduler3,
        ]
        return names.filter { contains($0.value) }.map(\.key).joined(separator: ",")
    }
}
