public import Addressing

/// What one family's data plane should hold: the sum of what each owner (a Service port) contributes.
///
/// Owners may contribute the same set entry or address, so those are counted. Replacing one owner's contribution costs
/// what that contribution holds, whatever the number of owners.
public struct DesiredState<Owner: Hashable & Comparable & Sendable>: Sendable {
    private struct Claim: Sendable {
        /// The smallest of those that want the virtual server: its version counts.
        var owner: Owner
        var entry: IPVSTable.Entry
        var others: [Owner] = []
    }

    private var contributions: [Owner: Contribution] = [:]
    private var claims: [VirtualServer.ID: Claim] = [:]
    private var setCounts: [[IPSetEntry: UInt32]]
    private var addressCounts: [IPAddress: UInt32] = [:]
    private var closedCounts: [VirtualServer.ID: UInt32] = [:]
    /// How many owners are about to contribute, as far as that is known. It counts for the first one: where nobody contributes
    /// anything, no room is made.
    public var expectedOwners = 0
    /// Those of all virtual servers.
    public private(set) var realServerCount = 0
    /// Those of the claims that have others.
    private var contestedIDs: Set<VirtualServer.ID> = []

    public init() {
        setCounts = Array(repeating: [:], count: ServiceSet.allCases.count)
    }

    /// The owners that contribute anything.
    public var owners: some Sequence<Owner> { contributions.keys }

    public subscript(id: VirtualServer.ID) -> IPVSTable.Entry? { claims[id]?.entry }

    /// Who wants the virtual server; of several, the one whose version counts.
    public func owner(of id: VirtualServer.ID) -> Owner? { claims[id]?.owner }

    public var virtualServerIDs: some Collection<VirtualServer.ID> { claims.keys }

    public func contains(_ entry: IPSetEntry, in set: ServiceSet) -> Bool {
        setCounts[Int(set.rawValue)][entry] != nil
    }

    public func entries(of set: ServiceSet) -> some Collection<IPSetEntry> {
        setCounts[Int(set.rawValue)].keys
    }

    public func contains(_ address: IPAddress) -> Bool {
        addressCounts[address] != nil
    }

    /// To be bound to the dummy link.
    public var addresses: some Collection<IPAddress> { addressCounts.keys }

    /// Load balancer VIPs that drop what this node itself sends, in order.
    public var serversClosedToNode: [VirtualServer.ID] { closedCounts.keys.sorted() }

    /// Virtual servers that more than one owner wants, and the owners whose version does not count.
    public var contested: [(id: VirtualServer.ID, owner: Owner, others: [Owner])] {
        contestedIDs.sorted().compactMap { id in
            claims[id].map { (id, $0.owner, $0.others) }
        }
    }

    /// Makes room for the owners that are expected, so that the tables do not grow, and move, again and again. Most owners
    /// want a virtual server, an address and the set entries of these.
    private mutating func reserveCapacity(_ owners: Int) {
        contributions.reserveCapacity(owners)
        claims.reserveCapacity(owners)
        addressCounts.reserveCapacity(owners)
        for set in [ServiceSet.clusterIP, .ipvsIPs] {
            setCounts[Int(set.rawValue)].reserveCapacity(owners)
        }
    }

    /// Makes `contribution` all that `owner` wants, and notes in `touched` what that may have changed.
    ///
    /// - Returns: whether it is another one than before.
    @discardableResult
    public mutating func replaceContribution(
        of owner: Owner,
        with contribution: Contribution,
        touched: inout TouchedObjects
    ) -> Bool {
        if contributions.isEmpty {
            guard !contribution.isEmpty else { return false }
            reserveCapacity(expectedOwners)
        }
        let previous =
            contribution.isEmpty
            ? contributions.removeValue(forKey: owner) : contributions.updateValue(contribution, forKey: owner)
        guard previous != contribution, previous != nil || !contribution.isEmpty else { return false }

        // What is new is counted before what is old is uncounted: an object in both is never seen to vanish.
        count(contribution, of: owner, &touched)
        if let previous {
            uncount(previous, of: owner, replacedBy: contribution, &touched)
        }
        if contribution.mayLeaveFlowsBehind(replacing: previous) {
            if !touched.isEverything { touched.flowServers.formUnion(contribution.virtualServers.lazy.map(\.id)) }
        }
        return true
    }

    /// Goes through what the owners of a virtual server contribute, for as long as `body` returns `true`.
    ///
    /// - Returns: whether it went through all of them.
    func forEachOwner(of id: VirtualServer.ID, _ body: (Contribution) -> Bool) -> Bool {
        guard let claim = claims[id] else { return true }
        if let contribution = contributions[claim.owner], !body(contribution) { return false }
        return claim.others.allSatisfy { owner in contributions[owner].map(body) ?? true }
    }

    private mutating func count(_ contribution: Contribution, of owner: Owner, _ touched: inout TouchedObjects) {
        for server in contribution.virtualServers {
            let entry = IPVSTable.Entry(configuration: server.configuration, realServers: server.realServers)
            claim(server.id, entry, for: owner)
            touched.insert(server.id)
        }
        for membership in contribution.setEntries {
            if Self.increment(&setCounts[Int(membership.set.rawValue)], membership.entry) {
                touched.insert(membership)
            }
        }
        for address in contribution.addresses where Self.increment(&addressCounts, address) {
            touched.insert(address)
        }
        for id in contribution.serversClosedToNode where Self.increment(&closedCounts, id) {
            touched.rules = true
        }
    }

    private mutating func uncount(
        _ contribution: Contribution,
        of owner: Owner,
        replacedBy replacement: Contribution,
        _ touched: inout TouchedObjects
    ) {
        let kept = Set(replacement.virtualServers.lazy.map(\.id))
        for server in contribution.virtualServers where !kept.contains(server.id) {
            release(server.id, by: owner)
            touched.insert(server.id)
        }
        for membership in contribution.setEntries {
            if Self.decrement(&setCounts[Int(membership.set.rawValue)], membership.entry) {
                touched.insert(membership)
            }
        }
        for address in contribution.addresses where Self.decrement(&addressCounts, address) {
            touched.insert(address)
        }
        for id in contribution.serversClosedToNode where Self.decrement(&closedCounts, id) {
            touched.rules = true
        }
    }

    private mutating func claim(_ id: VirtualServer.ID, _ entry: IPVSTable.Entry, for owner: Owner) {
        guard let index = claims.index(forKey: id) else {
            realServerCount += entry.realServers.count
            claims[id] = Claim(owner: owner, entry: entry)
            return
        }
        guard claims.values[index].owner != owner else {
            realServerCount += entry.realServers.count - claims.values[index].entry.realServers.count
            claims.values[index].entry = entry
            return
        }
        var claim = claims.values[index]
        if claim.owner < owner {
            if !claim.others.contains(owner) {
                claim.others.append(owner)
                claim.others.sort()
            }
        } else {
            claim.others.removeAll { $0 == owner }
            claim.others.insert(claim.owner, at: 0)
            claim.owner = owner
            claim.entry = entry
        }
        set(claim, for: id)
    }

    private mutating func release(_ id: VirtualServer.ID, by owner: Owner) {
        guard var claim = claims[id] else { return }
        guard claim.owner == owner else {
            claim.others.removeAll { $0 == owner }
            set(claim, for: id)
            return
        }
        guard let heir = claim.others.first,
            let server = contributions[heir]?.virtualServers.last(where: { $0.id == id })
        else {
            set(nil, for: id)
            return
        }
        let heritage = Claim(
            owner: heir,
            entry: IPVSTable.Entry(configuration: server.configuration, realServers: server.realServers),
            others: Array(claim.others.dropFirst())
        )
        set(heritage, for: id)
    }

    private mutating func set(_ claim: Claim?, for id: VirtualServer.ID) {
        realServerCount += (claim?.entry.realServers.count ?? 0) - (claims[id]?.entry.realServers.count ?? 0)
        claims[id] = claim
        if claim?.others.isEmpty ?? true {
            contestedIDs.remove(id)
        } else {
            contestedIDs.insert(id)
        }
    }

    /// - Returns: whether the key is new.
    private static func increment<Key>(_ counts: inout [Key: UInt32], _ key: Key) -> Bool {
        // One look into the table for both.
        func increment(_ count: inout UInt32) -> Bool {
            count += 1
            return count == 1
        }
        return increment(&counts[key, default: 0])
    }

    /// - Returns: whether the key is gone.
    private static func decrement<Key>(_ counts: inout [Key: UInt32], _ key: Key) -> Bool {
        guard let count = counts[key] else { return false }
        counts[key] = count > 1 ? count - 1 : nil
        return count == 1
    }
}
