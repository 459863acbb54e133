// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

/// Which of several owners has a virtual server: the stronger kind of claim, then the older object, then the smaller
/// name.
///
/// The order in which they come does not matter. When the holder leaves, the strongest of the others has it from then
/// on. A stronger claim takes it at once.
extension DesiredState {
    /// Virtual servers that more than one owner wants.
    public var contestedCount: Int { rivals.count }

    /// The owners that want the virtual server; `nil` unless there are several.
    public func contest(over id: VirtualServer.ID) -> Contest<Owner>? {
        guard let others = rivals[id] else { return nil }
        return Contest(id: id, holder: claims[id].map(party), others: others.map(party))
    }

    /// The contests that have changed since this was last asked, in order; those that are over have no others.
    public mutating func takeChangedContests() -> [Contest<Owner>] {
        guard !changedContests.isEmpty else { return [] }
        let ids = changedContests.sorted()
        changedContests = []
        return ids.map { contest(over: $0) ?? Contest(id: $0, holder: claims[$0].map(party), others: []) }
    }

    private func party(_ claim: VirtualServerClaim) -> Contest<Owner>.Party {
        Contest.Party(owner: names[claim.ownerNumber], claim: claim.kind)
    }

    private func precedes(_ lhs: VirtualServerClaim, _ rhs: VirtualServerClaim) -> Bool {
        if lhs.kind != rhs.kind { return lhs.kind < rhs.kind }
        if lhs.creationTime != rhs.creationTime { return lhs.creationTime < rhs.creationTime }
        return names[lhs.ownerNumber] < names[rhs.ownerNumber]
    }

    // MARK: Claims

    mutating func claim(_ id: VirtualServer.ID, _ new: VirtualServerClaim, _ touched: inout TouchedObjects) {
        // One look into the table, unless another owner wants the virtual server too.
        func take(_ claim: inout VirtualServerClaim) -> VirtualServerClaim {
            let present = claim
            if present.ownerNumber == new.ownerNumber { claim = new }
            return present
        }
        let count = claims.count
        let present = take(&claims[id, default: new])
        if claims.count > count {
            realServerCount += new.realServerCount
        } else if present.ownerNumber == new.ownerNumber {
            realServerCount += new.realServerCount - present.realServerCount
            // Its object may be another one of that name, and younger.
            if !rivals.isEmpty, let best = rivals[id]?.first {
                changedContests.insert(id)
                if precedes(best, new) { hand(id, from: new, to: best, &touched) }
            }
        } else {
            removeRival(new.ownerNumber, for: id)
            addRival(new, for: id)
            unsettled.append(new.ownerNumber)
            changedContests.insert(id)
            if precedes(new, present) { hand(id, from: present, to: new, &touched) }
        }
    }

    mutating func release(_ id: VirtualServer.ID, by owner: Int, _ touched: inout TouchedObjects) {
        guard let claim = claims[id] else { return }
        guard claim.ownerNumber == owner else { return removeRival(owner, for: id) }
        guard !rivals.isEmpty, let heir = rivals[id]?.first else {
            realServerCount -= claim.realServerCount
            claims[id] = nil
            return
        }
        hand(id, from: claim, to: heir, &touched)
        removeRival(owner, for: id)
    }

    /// Makes one of the rivals the holder, and the holder a rival.
    private mutating func hand(
        _ id: VirtualServer.ID,
        from holder: VirtualServerClaim,
        to heir: VirtualServerClaim,
        _ touched: inout TouchedObjects
    ) {
        removeRival(heir.ownerNumber, for: id)
        addRival(holder, for: id)
        claims[id] = heir
        realServerCount += heir.realServerCount - holder.realServerCount
        unsettled.append(holder.ownerNumber)
        unsettled.append(heir.ownerNumber)
        // Flows of datagrams are still with the endpoints of the former holder.
        if id.transport == .udp { touched.insertFlowServer(id) }
    }

    private mutating func addRival(_ claim: VirtualServerClaim, for id: VirtualServer.ID) {
        changedContests.insert(id)
        var bounds = 0..<(rivals[id]?.count ?? 0)
        while !bounds.isEmpty {
            let middle = bounds.lowerBound + bounds.count / 2
            let isBefore = rivals[id].map { precedes(claim, $0[middle]) } ?? false
            bounds = isBefore ? bounds.lowerBound..<middle : middle + 1..<bounds.upperBound
        }
        rivals[id, default: []].insert(claim, at: bounds.lowerBound)
    }

    private mutating func removeRival(_ owner: Int, for id: VirtualServer.ID) {
        guard let place = rivals[id]?.firstIndex(where: { $0.ownerNumber == owner }) else { return }
        changedContests.insert(id)
        rivals[id]?.remove(at: place)
        if rivals[id]?.isEmpty == true { rivals[id] = nil }
    }

    // MARK: What is withheld

    /// Counts what was withheld of an owner, whose contribution is about to be replaced.
    mutating func countWithheld(of owner: Int, _ touched: inout TouchedObjects) {
        guard !withheld.isEmpty, let uncounted = withheld.removeValue(forKey: owner) else { return }
        count(uncounted.setEntries, uncounted.addresses, uncounted.serversClosedToNode, &touched)
        unsettled.append(owner)
    }

    /// Withholds what owners contribute for the sake of virtual servers that are not theirs, and no more than that.
    mutating func settle(_ touched: inout TouchedObjects) {
        guard !unsettled.isEmpty else { return }
        let owners = Set(unsettled)
        unsettled.removeAll()
        for owner in owners {
            let new = contributions[owner].withheld { claims[$0]?.ownerNumber != owner }
            let old = withheld[owner] ?? WithheldContribution()
            guard old != new else { continue }
            count(old.setEntries, old.addresses, old.serversClosedToNode, &touched)
            uncount(new.setEntries, new.addresses, new.serversClosedToNode, &touched)
            withheld[owner] = new.isEmpty ? nil : new
        }
    }
}

/// What of a contribution is not counted, because it is for the sake of virtual servers that others have.
struct WithheldContribution: Hashable, Sendable {
    var setEntries: [SetMembership] = []
    var addresses: [IPAddress] = []
    var serversClosedToNode: [VirtualServer.ID] = []

    var isEmpty: Bool { setEntries.isEmpty && addresses.isEmpty && serversClosedToNode.isEmpty }
}

extension Contribution {
    /// What there is no reason for without the virtual servers that `isLost`.
    ///
    /// Otherwise it would do to the holder's traffic what its own wants done: masquerade it, let only some sources through, keep
    /// the node from it.
    func withheld(_ isLost: (VirtualServer.ID) -> Bool) -> WithheldContribution {
        var withheld = WithheldContribution()
        var lost: Set<VirtualServer.ID> = []
        var held: [VirtualServer] = []
        for server in virtualServers {
            if isLost(server.id) { lost.insert(server.id) } else { held.append(server) }
        }
        guard !lost.isEmpty else { return withheld }
        let heldAddresses = Set(held.lazy.map(\.id.address))
        withheld.addresses = addresses.filter { !heldAddresses.contains($0) }
        withheld.serversClosedToNode = serversClosedToNode.filter(lost.contains)
        withheld.setEntries = setEntries.filter { membership in
            switch membership.reason {
            case .server(let id): lost.contains(id)
            case .address(let address): !heldAddresses.contains(address)
            case .nodePort(let port, let transport):
                !held.contains { $0.claim == .nodePort && $0.id.port == port && $0.id.transport == transport }
            case nil: false
            }
        }
        return withheld
    }
}

extension SetMembership {
    /// What a member of a set is there for.
    fileprivate enum Reason {
        case server(VirtualServer.ID)
        case address(IPAddress)
        case nodePort(UInt16, TransportProtocol)
    }

    /// `nil` for what is there for no virtual server: endpoints that reach themselves, and health checks.
    fileprivate var reason: Reason? {
        switch (set, entry) {
        case (.loopBack, _), (.healthCheckNodePort, _):
            nil
        case (.nodePortUDP, .port(let port)), (.nodePortLocalUDP, .port(let port)):
            .nodePort(port, .udp)
        case (_, .port(let port)):
            .nodePort(port, .tcp)
        case (_, .ip(let address)):
            .address(address)
        case (_, .ipPort(let address, let transport, let port)),
            (_, .ipPortIP(let address, let transport, let port, _)),
            (_, .ipPortNet(let address, let transport, let port, _)):
            .server(VirtualServer.ID(address: address, port: port, transport: transport))
        }
    }
}
