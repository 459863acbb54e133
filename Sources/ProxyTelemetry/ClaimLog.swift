// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
package import DataplaneModel
package import KubernetesHTTP
import KubernetesObjects
package import Logging
package import ServicePlan

/// Tells of Services that do not get an address and port because another one has it, or an address because the node cannot do
/// without whose it is, or get one that is another host's: in the log, and by events of those Services. Each once when it comes to
/// that, and the log once more when it is over.
package struct ClaimLog {
    private let logger: Logger
    private let record: @Sendable (ClusterEvent) -> Void
    private var contests: [VirtualServer.ID: Contest<ServicePortID>] = [:]
    /// Of Services: what is to be said of their addresses, and which of their ports say it.
    private var concerns: [ObjectName: [AddressConcern: Set<ServicePortID>]] = [:]
    private var concernLines = 0

    /// Lines and events for one pass: whoever makes a thousand Services that want one address gets no thousand lines.
    private static var limit: Int { 20 }
    /// Service ports that a line names.
    private static var nameLimit: Int { 5 }

    package init(logger: Logger, record: @escaping @Sendable (ClusterEvent) -> Void) {
        self.logger = logger
        self.record = record
    }

    /// Service ports are about to be planned.
    package mutating func beginPlanning() {
        concernLines = 0
    }

    /// - Parameter changed: those over virtual servers whose owner or rivals may have changed.
    package mutating func note(_ changed: [Contest<ServicePortID>]) {
        var lines = 0
        var losers: [ObjectName: (contest: Contest<ServicePortID>, party: Contest<ServicePortID>.Party, count: Int)] =
            [:]
        for contest in changed {
            let before = contests[contest.id]
            contests[contest.id] = contest.others.isEmpty ? nil : contest
            if contest.others.isEmpty {
                if before != nil { noteEnd(contest) }
                continue
            }
            let known = before?.holder == contest.holder ? Set(before?.others ?? []) : []
            let new = contest.others.filter { !known.contains($0) }
            guard !new.isEmpty else { continue }
            lines += 1
            if lines <= Self.limit { log(contest, new) }
            for party in new {
                losers[party.owner.service, default: (contest, party, 0)].count += 1
            }
        }
        if lines > Self.limit {
            logger.warning(
                "more virtual servers are wanted twice", metadata: ["count": .stringConvertible(lines - Self.limit)])
        }
        for (name, loss) in losers.sorted(by: { $0.key < $1.key }).prefix(Self.limit) {
            record(event(name, loss.contest, loss.party, loss.count))
        }
    }

    /// - Parameter found: what planning a Service port found out about its addresses.
    package mutating func note(_ found: [AddressConcern], of id: ServicePortID, _ family: IPFamily) {
        // In most Services there is nothing to look at.
        guard !found.isEmpty || !concerns.isEmpty else { return }
        var known = concerns[id.service] ?? [:]
        guard !found.isEmpty || !known.isEmpty else { return }
        for concern in known.keys where concern.address.family == family && !found.contains(concern) {
            known[concern]?.remove(id)
            if known[concern]?.isEmpty == true { known[concern] = nil }
        }
        var new: [AddressConcern] = []
        for concern in found {
            if known[concern] == nil { new.append(concern) }
            known[concern, default: []].insert(id)
        }
        concerns[id.service] = known.isEmpty ? nil : known
        if known.isEmpty {
            logger.info("a Service no longer wants addresses of others", metadata: ["service": "\(id.service)"])
        } else if !new.isEmpty {
            tell(of: new, id.service)
        }
    }

    private mutating func tell(of new: [AddressConcern], _ name: ObjectName) {
        concernLines += 1
        guard concernLines <= Self.limit else {
            if concernLines == Self.limit + 1 {
                logger.warning("more Services have addresses of others; `kube-ipvs explain` names them")
            }
            return
        }
        var words = new.prefix(Self.nameLimit).map(\.description)
        if new.count > Self.nameLimit { words.append("\(new.count - Self.nameLimit) more") }
        let note = words.joined(separator: "; ")
        let isWithheld = new.contains { !$0.isAttracted }
        logger.warning(
            isWithheld
                ? "a Service does not get an address that the node cannot do without"
                : "a Service has addresses of others",
            metadata: ["service": "\(name)", "addresses": "\(note)"]
        )
        record(
            ClusterEvent(
                .warning,
                reason: isWithheld ? "AddressNotAttracted" : "AddressOfOtherHost",
                action: "SyncVirtualServers",
                regarding: .service(namespace: name.namespace, name: name.name),
                note: note
            )
        )
    }

    private func log(_ contest: Contest<ServicePortID>, _ losers: [Contest<ServicePortID>.Party]) {
        var names = losers.prefix(Self.nameLimit).map(\.words)
        if losers.count > Self.nameLimit { names.append("\(losers.count - Self.nameLimit) more") }
        logger.warning(
            "several Service ports want one virtual server; the others get nothing of it",
            metadata: [
                "virtual-server": "\(contest.id)",
                "service-port": "\(contest.holder.map(\.words) ?? "")",
                "others": "\(names.joined(separator: ", "))",
            ]
        )
    }

    private func noteEnd(_ contest: Contest<ServicePortID>) {
        logger.info(
            "a virtual server is no longer wanted twice",
            metadata: [
                "virtual-server": "\(contest.id)", "service-port": "\(contest.holder.map(\.words) ?? "nobody")",
            ]
        )
    }

    private func event(
        _ name: ObjectName,
        _ contest: Contest<ServicePortID>,
        _ loser: Contest<ServicePortID>.Party,
        _ count: Int
    ) -> ClusterEvent {
        let holder = contest.holder.map { "\($0.owner), whose \($0.claim.words) it is" } ?? "another Service"
        var note = "\(contest.id), \(loser.claim.words) of \(loser.owner), goes to \(holder)"
        if count > 1 { note += "; so do \(count - 1) more" }
        return ClusterEvent(
            .warning,
            reason: "VirtualServerTaken",
            action: "SyncVirtualServers",
            regarding: .service(namespace: name.namespace, name: name.name),
            note: note
        )
    }
}
