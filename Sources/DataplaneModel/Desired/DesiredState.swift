// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// What one family's data plane should hold: the sum of what each owner (a Service port) contributes.
///
/// Owners may contribute the same set entry or address, so those are counted. Replacing one owner's contribution costs
/// what that contribution holds, whatever the number of owners.
///
/// A virtual server has one owner. What other owners contribute for its sake is withheld and not counted, until the
/// virtual server is theirs (`DesiredState+Claims`).
///
/// Owners are numbered. So only one table has their names in it, and the types of the others do not depend on `Owner`.
/// A look into a table of a generic type asks the Swift runtime for that type.
public struct DesiredState<Owner: Hashable & Comparable & Sendable>: Sendable {
    /// The number of each owner that contributes anything.
    private var numbers: [Owner: Int] = [:]
    /// By number. A vacant number has the name of its last owner, and an empty contribution.
    private(set) var names: [Owner] = []
    private(set) var contributions: [Contribution] = []
    /// Numbers to be given again.
    private var vacant: [Int] = []

    /// The holder's claim to each virtual server.
    var claims: [VirtualServer.ID: VirtualServerClaim] = [:]
    /// Claims that are not the holder's, the strongest first. Few virtual servers have any.
    var rivals: [VirtualServer.ID: [VirtualServerClaim]] = [:]
    /// What is not counted of the owners that want a virtual server and do not have it.
    var withheld: [Int: WithheldContribution] = [:]
    /// Owners that may have lost or won a virtual server since `withheld` was last brought in line.
    var unsettled: [Int] = []
    /// Virtual servers whose owner or rivals have changed since `takeChangedContests` was last called.
    var changedContests: Set<VirtualServer.ID> = []
    private var setCounts: [[IPSetEntry: UInt32]]
    private var addressCounts: [IPAddress: UInt32] = [:]
    private var closedCounts: [VirtualServer.ID: UInt32] = [:]
    /// Capacity hint: how many owners are about to contribute. It is used when the first one contributes.
    public var expectedOwners = 0
    /// Those of all virtual servers.
    public internal(set) var realServerCount = 0

    public init() {
        setCounts = Array(repeating: [:], count: ServiceSet.allCases.count)
    }

    /// The owners that contribute anything.
    public var owners: some Sequence<Owner> { numbers.keys }

    public subscript(id: VirtualServer.ID) -> IPVSTable.Entry? { entry(of: id)?.entry }

    /// What is wanted of a virtual server, and over how many seconds the weight of a new real server of it rises; 0 for none.
    public func entry(of id: VirtualServer.ID) -> (entry: IPVSTable.Entry, slowStart: UInt32)? {
        guard let claim = claims[id] else { return nil }
        // Each is read in place: a copy of the virtual server has a reference to count.
        let entry = IPVSTable.Entry(
            configuration: contributions[claim.ownerNumber].virtualServers[claim.index].configuration,
            realServers: contributions[claim.ownerNumber].virtualServers[claim.index].realServers
        )
        return (entry, contributions[claim.ownerNumber].virtualServers[claim.index].slowStart)
    }

    /// The owner that wants the virtual server; of several, the one that has it.
    public func owner(of id: VirtualServer.ID) -> Owner? {
        claims[id].map { names[$0.ownerNumber] }
    }

    /// What the owner contributes; nothing where it is unknown.
    public func contribution(of owner: Owner) -> Contribution {
        numbers[owner].map { contributions[$0] } ?? Contribution()
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
        settle(&touched)
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
        countWithheld(of: owner, &touched)

        // What is new is counted before what is old is uncounted: an object in both is never seen to vanish.
        count(contribution, of: owner, &touched)
        uncount(previous, of: owner, replacedBy: contribution, &touched)
        touched.insertFlowServers(of: contribution, replacing: previous)
        settle(&touched)
        return true
    }

    private mutating func removeContribution(of owner: Owner, _ touched: inout TouchedObjects) -> Bool {
        // Also where the table is empty, a look into it hashes.
        guard !numbers.isEmpty, let number = numbers.removeValue(forKey: owner) else { return false }
        let previous = contributions[number]
        contributions[number] = Contribution()
        countWithheld(of: number, &touched)
        uncount(previous, of: number, replacedBy: Contribution(), &touched)
        settle(&touched)
        vacant.append(number)
        return true
    }

    /// The owner's number. An owner without one gets one, with nothing contributed yet.
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

    private mutating func count(_ contribution: Contribution, of owner: Int, _ touched: inout TouchedObjects) {
        // In place: a virtual server that is copied has a reference to count.
        let servers = contribution.virtualServers.span
        for position in servers.indices {
            let id = servers[position].id
            let new = VirtualServerClaim(servers[position], at: position, of: owner, since: contribution.creationTime)
            claim(id, new, &touched)
            touched.insert(id)
        }
        count(contribution.setEntries, contribution.addresses, contribution.serversClosedToNode, &touched)
    }

    mutating func count(
        _ setEntries: [SetMembership],
        _ addresses: [IPAddress],
        _ serversClosedToNode: [VirtualServer.ID],
        _ touched: inout TouchedObjects
    ) {
        for membership in setEntries {
            if Self.increment(&setCounts[Int(membership.set.rawValue)], membership.entry) {
                touched.insert(membership)
            }
        }
        for address in addresses where Self.increment(&addressCounts, address) {
            touched.insert(address)
        }
        for id in serversClosedToNode where Self.increment(&closedCounts, id) {
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
            release(server.id, by: owner, &touched)
            touched.insert(server.id)
        }
        uncount(contribution.setEntries, contribution.addresses, contribution.serversClosedToNode, &touched)
    }

    mutating func uncount(
        _ setEntries: [SetMembership],
        _ addresses: [IPAddress],
        _ serversClosedToNode: [VirtualServer.ID],
        _ touched: inout TouchedObjects
    ) {
        for membership in setEntries {
            if Self.decrement(&setCounts[Int(membership.set.rawValue)], membership.entry) {
                touched.insert(membership)
            }
        }
        for address in addresses where Self.decrement(&addressCounts, address) {
            touched.insert(address)
        }
        for id in serversClosedToNode where Self.decrement(&closedCounts, id) {
            touched.rules = true
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
