public import Addressing

/// What one family's data plane should hold: the sum of what each owner (a Service port) contributes.
///
/// Owners may contribute the same set entry or address, so those are counted. Replacing one owner's contribution costs
/// what that contribution holds, whatever the number of owners.
///
/// Owners are numbered, so that none of the tables but one has their names in it, and none of their types depends on `Owner`:
/// a look into a table of a generic type asks the Swift runtime for that type.
public struct DesiredState<Owner: Hashable & Comparable & Sendable>: Sendable {
    /// The number of each owner that contributes anything.
    private var numbers: [Owner: Int] = [:]
    /// By number. What is vacant has the name of who had it last, and an empty contribution.
    private var names: [Owner] = []
    private var contributions: [Contribution] = []
    /// Numbers to be given again.
    private var vacant: [Int] = []

    private var claims: [VirtualServer.ID: Claim] = [:]
    /// Those that want a virtual server and whose version does not count, ascending by name. Few virtual servers have any.
    private var rivals: [VirtualServer.ID: [Int]] = [:]
    private var setCounts: [[IPSetEntry: UInt32]]
    private var addressCounts: [IPAddress: UInt32] = [:]
    private var closedCounts: [VirtualServer.ID: UInt32] = [:]
    /// How many owners are about to contribute, as far as that is known. It counts for the first one: where nobody contributes
    /// anything, no room is made.
    public var expectedOwners = 0
    /// Those of all virtual servers.
    public private(set) var realServerCount = 0

    public init() {
        setCounts = Array(repeating: [:], count: ServiceSet.allCases.count)
    }

    /// The owners that contribute anything.
    public var owners: some Sequence<Owner> { numbers.keys }

    public subscript(id: VirtualServer.ID) -> IPVSTable.Entry? {
        guard let claim = claims[id] else { return nil }
        // Each where it lies: a virtual server that is copied first has a reference to count.
        return IPVSTable.Entry(
            configuration: contributions[claim.owner].virtualServers[claim.position].configuration,
            realServers: contributions[claim.owner].virtualServers[claim.position].realServers
        )
    }

    /// Who wants the virtual server; of several, the one whose version counts.
    public func owner(of id: VirtualServer.ID) -> Owner? {
        claims[id].map { names[$0.owner] }
    }

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
        rivals.keys.sorted().compactMap { id in
            claims[id].map { (id, names[$0.owner], rivals[id, default: []].map { names[$0] }) }
        }
    }

    /// Makes room for the owners that are expected, so that the tables do not grow, and move, again and again. Most owners
    /// want a virtual server, an address and the set entries of these.
    private mutating func reserveCapacity(_ owners: Int) {
        numbers.reserveCapacity(owners)
        names.reserveCapacity(owners)
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
        with contribution: consuming Contribution,
        touched: inout TouchedObjects
    ) -> Bool {
        guard !contribution.isEmpty else { return removeContribution(of: owner, &touched) }
        if numbers.isEmpty { reserveCapacity(expectedOwners) }
        let (number, isNew) = number(of: owner)
        guard isNew else { return replaceContribution(of: number, with: contribution, &touched) }
        count(contribution, of: number, &touched)
        touched.insertFlowServers(of: contribution, replacing: nil)
        contributions[number] = contribution
        return true
    }

    private mutating func replaceContribution(
        of owner: Int,
        with contribution: Contribution,
        _ touched: inout TouchedObjects
    ) -> Bool {
        let previous = contributions[owner]
        guard previous != contribution else { return false }
        contributions[owner] = contribution

        // What is new is counted before what is old is uncounted: an object in both is never seen to vanish.
        count(contribution, of: owner, &touched)
        uncount(previous, of: owner, replacedBy: contribution, &touched)
        touched.insertFlowServers(of: contribution, replacing: previous)
        return true
    }

    private mutating func removeContribution(of owner: Owner, _ touched: inout TouchedObjects) -> Bool {
        // Also where the table is empty, a look into it hashes.
        guard !numbers.isEmpty, let number = numbers.removeValue(forKey: owner) else { return false }
        let previous = contributions[number]
        contributions[number] = Contribution()
        uncount(previous, of: number, replacedBy: Contribution(), &touched)
        vacant.append(number)
        return true
    }

    /// The owner's number. Who has none gets one, with nothing contributed yet.
    private mutating func number(of owner: Owner) -> (number: Int, isNew: Bool) {
        // One look into the table for both.
        func take(_ number: inout Int) -> Int { number }
        let next = vacant.last ?? contributions.count
        let number = take(&numbers[owner, default: next])
        if number == contributions.count {
            names.append(owner)
            contributions.append(Contribution())
        } else if number == vacant.last {
            vacant.removeLast()
            names[number] = owner
        } else {
            return (number, false)
        }
        return (number, true)
    }

    /// Goes through what the owners of a virtual server contribute, for as long as `body` returns `true`.
    ///
    /// - Returns: whether it went through all of them.
    func forEachOwner(of id: VirtualServer.ID, _ body: (Contribution) -> Bool) -> Bool {
        guard let claim = claims[id] else { return true }
        return body(contributions[claim.owner]) && rivals[id, default: []].allSatisfy { body(contributions[$0]) }
    }

    private mutating func count(_ contribution: Contribution, of owner: Int, _ touched: inout TouchedObjects) {
        // In place: a virtual server that is copied has a reference to count.
        let servers = contribution.virtualServers.span
        for position in servers.indices {
            let id = servers[position].id
            claim(id, Claim(owner: owner, position: position, realServers: servers[position].realServers.count))
            touched.insert(id)
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
        of owner: Int,
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

    private mutating func claim(_ id: VirtualServer.ID, _ new: Claim) {
        // One look into the table, unless somebody else wants the virtual server too.
        func take(_ claim: inout Claim) -> Claim {
            let present = claim
            if present.owner == new.owner { claim = new }
            return present
        }
        let count = claims.count
        let present = take(&claims[id, default: new])
        if claims.count > count {
            realServerCount += new.realServers
        } else if present.owner == new.owner {
            realServerCount += new.realServers - present.realServers
        } else if names[present.owner] < names[new.owner] {
            addRival(new.owner, for: id)
        } else {
            removeRival(new.owner, for: id)
            addRival(present.owner, for: id)
            realServerCount += new.realServers - present.realServers
            claims[id] = new
        }
    }

    private mutating func release(_ id: VirtualServer.ID, by owner: Int) {
        guard let claim = claims[id] else { return }
        guard claim.owner == owner else { return removeRival(owner, for: id) }
        realServerCount -= claim.realServers
        guard let heir = rivals[id]?.first,
            let position = contributions[heir].virtualServers.lastIndex(where: { $0.id == id })
        else {
            claims[id] = nil
            return
        }
        removeRival(heir, for: id)
        let realServers = contributions[heir].virtualServers[position].realServers.count
        realServerCount += realServers
        claims[id] = Claim(owner: heir, position: position, realServers: realServers)
    }

    private mutating func addRival(_ owner: Int, for id: VirtualServer.ID) {
        var others = rivals[id, default: []]
        guard !others.contains(owner) else { return }
        others.append(owner)
        others.sort { names[$0] < names[$1] }
        rivals[id] = others
    }

    private mutating func removeRival(_ owner: Int, for id: VirtualServer.ID) {
        guard var others = rivals[id] else { return }
        others.removeAll { $0 == owner }
        rivals[id] = others.isEmpty ? nil : others
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

/// Which version of a virtual server counts.
private struct Claim: Sendable, BitwiseCopyable {
    /// The smallest of those that want it.
    var owner: Int
    /// Where it is in what the owner contributes.
    var position: Int
    var realServers: Int
}
