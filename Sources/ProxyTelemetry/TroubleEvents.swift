// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
package import DataplaneModel
package import KubernetesHTTP
import KubernetesObjects
package import Reconcile
package import ServicePlan

/// Makes events of what passes could not do: of the Service whose object the kernel refuses, and of the Node where a whole part of
/// the data plane fails. Each once when it comes to that; of the Node once more when it is over.
package struct TroubleEvents {
    private let node: ClusterEvent.Regarding
    private let record: @Sendable (ClusterEvent) -> Void
    /// What the kernel refuses and has been looked at.
    private var refused: [IPFamily: Set<KernelObjectName>] = [:]
    /// Those of rules, and those of passes, apart: each report ends its own.
    private var failed: [Source: Set<DataplaneError.Part>] = [:]

    private struct Source: Hashable {
        var family: IPFamily
        var isOfRules: Bool
    }

    /// Services for one pass. A kernel that refuses everything is one fault, not ten thousand.
    private static var serviceLimit: Int { 20 }

    package init(nodeName: String, record: @escaping @Sendable (ClusterEvent) -> Void) {
        node = .node(named: nodeName)
        self.record = record
    }

    /// - Parameter desired: says whose object it is.
    package mutating func note(_ report: PassReport, _ desired: DesiredState<ServicePortID>) {
        noteFailures(report)
        noteRefusals(report, desired)
    }

    package mutating func note(rules report: PassReport) {
        noteFailures(report)
    }

    // MARK: The Node

    private mutating func noteFailures(_ report: PassReport) {
        let source = Source(family: report.family, isOfRules: report.mode == .rules)
        let before = failed[source] ?? []
        // What a pass of changes does not touch may be broken still: only a pass that looks at all of a part ends its failure.
        let now = Set(report.failures.map(\.part)).union(report.mode == .changes ? before : [])
        guard now != before else { return }
        failed[source] = now.isEmpty ? nil : now
        for part in now.subtracting(before).sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let failure = report.failures.first(where: { $0.part == part }) else { continue }
            record(
                ClusterEvent(
                    .warning, reason: "DataplaneFailed", action: "SyncDataplane", regarding: node,
                    note: "\(report.family), \(part.words): \(failure)"))
        }
        for part in before.subtracting(now).sorted(by: { $0.rawValue < $1.rawValue }) {
            record(
                ClusterEvent(
                    .normal, reason: "DataplaneRecovered", action: "SyncDataplane", regarding: node,
                    note: "\(report.family), \(part.words): works again"))
        }
    }

    // MARK: Services

    private mutating func noteRefusals(_ report: PassReport, _ desired: DesiredState<ServicePortID>) {
        let family = report.family
        guard !report.standing.isEmpty else {
            refused[family] = nil
            return
        }
        let known = refused[family] ?? []
        // Nothing new, and nothing gone: that is how passes are while the kernel refuses something.
        guard !report.refusals.isEmpty || report.standing.count != known.count else { return }
        var now: Set<KernelObjectName> = []
        var new: [(name: KernelObjectName, refusal: Refusal)] = []
        report.standing.forEach { name, refusal in
            now.insert(name)
            if !known.contains(name) { new.append((name, refusal)) }
        }
        refused[family] = now
        guard !new.isEmpty else { return }
        var losses: [ObjectName: (refusal: Refusal, count: Int)] = [:]
        for (service, refusal) in owners(of: new, desired) {
            losses[service, default: (refusal, 0)].count += 1
        }
        for (service, loss) in losses.sorted(by: { $0.key < $1.key }).prefix(Self.serviceLimit) {
            var note = "the kernel refuses to \(loss.refusal.attempt): \(loss.refusal.error)"
            if loss.count > 1 { note += "; and \(loss.count - 1) more" }
            record(
                ClusterEvent(
                    .warning, reason: "KernelRefused", action: "SyncVirtualServers",
                    regarding: .service(namespace: service.namespace, name: service.name), note: note))
        }
    }

    private func owners(
        of new: [(name: KernelObjectName, refusal: Refusal)],
        _ desired: DesiredState<ServicePortID>
    ) -> [(ObjectName, Refusal)] {
        var addresses: [IPAddress: Refusal] = [:]
        var found: [(ObjectName, Refusal)] = []
        for (name, refusal) in new {
            switch name {
            case .virtualServer(let id):
                if let owner = desired.owner(of: id) { found.append((owner.service, refusal)) }
            case .setEntry(let membership):
                if let id = membership.entry.virtualServer, let owner = desired.owner(of: id) {
                    found.append((owner.service, refusal))
                } else if case .ip(let address) = membership.entry {
                    addresses[address] = refusal
                }
            case .address(let address): addresses[address] = refusal
            }
        }
        guard !addresses.isEmpty else { return found }
        // Whose an address is, is not kept: this looks at all virtual servers, once for what is new.
        for id in desired.virtualServerIDs {
            guard let refusal = addresses[id.address], let owner = desired.owner(of: id) else { continue }
            addresses[id.address] = nil
            found.append((owner.service, refusal))
        }
        return found
    }
}

extension DataplaneError.Part {
    /// For somebody who reads an event.
    fileprivate var words: String {
        switch self {
        case .ipvs: "virtual servers"
        case .ipset: "sets"
        case .addresses: "addresses"
        case .routes: "routes"
        case .rules: "iptables rules"
        case .sysctls: "settings of the kernel"
        case .conntrack: "tracked flows"
        }
    }
}

extension IPSetEntry {
    /// The virtual server that an entry names.
    fileprivate var virtualServer: VirtualServer.ID? {
        switch self {
        case .ipPort(let address, let transport, let port), .ipPortIP(let address, let transport, let port, _),
            .ipPortNet(let address, let transport, let port, _):
            VirtualServer.ID(address: address, port: port, transport: transport)
        default: nil
        }
    }
}
