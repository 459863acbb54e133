// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Reconcile

/// Makes what is written to a data plane break off in the middle, as a netlink socket does whose answers were lost, or a
/// daemon that is killed.
final class Breaker {
    enum Fault {
        /// The exchange that it meets fails; later ones work.
        case lostAnswer
        /// Nothing is written any more.
        case death
    }

    private(set) var hasBroken = false
    private var fault: Fault?
    private var changesLeft = 0

    /// Lets that many changes through, and no more.
    func arm(_ fault: Fault, after changes: Int) {
        self.fault = fault
        changesLeft = changes
        hasBroken = false
    }

    func disarm() {
        fault = nil
    }

    /// How many of the changes take effect before it breaks; `nil` for all of them, without a fault.
    fileprivate func limit(of count: Int) -> Int? {
        guard let fault else { return nil }
        if count <= changesLeft, !hasBroken {
            changesLeft -= count
            return nil
        }
        defer { changesLeft = 0 }
        hasBroken = true
        if case .lostAnswer = fault { self.fault = nil }
        return changesLeft
    }

    fileprivate func apply<Change>(
        _ changes: [Change],
        _ part: DataplaneError.Part,
        _ body: ([Change]) throws(DataplaneError) -> [RefusedChange<Change>]
    ) throws(DataplaneError) -> [RefusedChange<Change>] {
        guard let limit = limit(of: changes.count) else { return try body(changes) }
        _ = try body(Array(changes.prefix(limit)))
        throw failure(part)
    }

    fileprivate func write(_ part: DataplaneError.Part, _ body: () throws(DataplaneError) -> Void)
        throws(DataplaneError)
    {
        guard limit(of: 1) == nil else { throw failure(part) }
        try body()
    }

    fileprivate func failure(_ part: DataplaneError.Part) -> DataplaneError {
        // ENOBUFS: the kernel dropped an answer.
        DataplaneError(part: part, number: 105, explanation: "the exchange broke off")
    }
}

extension Dataplane {
    /// The same data plane, but for what `breaker` does to changes.
    func breaking(by breaker: Breaker) -> Dataplane {
        Dataplane(
            ipvs: BreakingIPVS(ipvs, breaker),
            sets: BreakingSets(sets, breaker),
            addresses: BreakingAddresses(addresses, breaker),
            rules: BreakingRules(rules, breaker),
            conntrack: conntrack
        )
    }
}

private final class BreakingIPVS: IPVSDataplane {
    private let base: any IPVSDataplane
    private let breaker: Breaker

    init(_ base: any IPVSDataplane, _ breaker: Breaker) {
        self.base = base
        self.breaker = breaker
    }

    func listVirtualServers(
        _ reading: inout KernelReading<Void>,
        _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try base.listVirtualServers(&reading, body)
    }

    func virtualServer(_ id: VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer? {
        try base.virtualServer(id)
    }

    func realServers(of id: VirtualServer.ID) throws(DataplaneError) -> [ObservedRealServer]? {
        try base.realServers(of: id)
    }

    func apply(_ changes: [IPVSChange]) throws(DataplaneError) -> [RefusedChange<IPVSChange>] {
        try breaker.apply(changes, .ipvs) { (changes) throws(DataplaneError) in try base.apply(changes) }
    }
}

private final class BreakingSets: IPSetDataplane {
    private let base: any IPSetDataplane
    private let breaker: Breaker

    init(_ base: any IPSetDataplane, _ breaker: Breaker) {
        self.base = base
        self.breaker = breaker
    }

    func definition(ofSetNamed name: String) throws(DataplaneError) -> IPSetDefinition? {
        try base.definition(ofSetNamed: name)
    }

    func readMembers(
        _ reading: inout KernelReading<NamedSet>,
        _ body: (IPSetEntry) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try base.readMembers(&reading, body)
    }

    func create(_ set: IPSetDefinition) throws(DataplaneError) {
        try breaker.write(.ipset) { () throws(DataplaneError) in try base.create(set) }
    }

    func swap(_ first: String, _ second: String) throws(DataplaneError) {
        try breaker.write(.ipset) { () throws(DataplaneError) in try base.swap(first, second) }
    }

    func destroy(_ name: String) throws(DataplaneError) {
        try breaker.write(.ipset) { () throws(DataplaneError) in try base.destroy(name) }
    }

    func destroyReleased(_ name: String) throws(DataplaneError) {
        try breaker.write(.ipset) { () throws(DataplaneError) in try base.destroyReleased(name) }
    }

    func destroyIfPresent(_ name: String) throws(DataplaneError) -> Bool {
        var isGone = false
        try breaker.write(.ipset) { () throws(DataplaneError) in isGone = try base.destroyIfPresent(name) }
        return isGone
    }

    func apply(_ changes: [IPSetChange]) throws(DataplaneError) -> [RefusedChange<IPSetChange>] {
        try breaker.apply(changes, .ipset) { (changes) throws(DataplaneError) in try base.apply(changes) }
    }
}

private final class BreakingAddresses: AddressDataplane {
    private let base: any AddressDataplane
    private let breaker: Breaker

    init(_ base: any AddressDataplane, _ breaker: Breaker) {
        self.base = base
        self.breaker = breaker
    }

    func linkExists() throws(DataplaneError) -> Bool {
        try base.linkExists()
    }

    func createLink() throws(DataplaneError) {
        try breaker.write(.addresses) { () throws(DataplaneError) in try base.createLink() }
    }

    func listAddresses(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try base.listAddresses(&reading, body)
    }

    func listRoutes(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (LocalRoute) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try base.listRoutes(&reading, body)
    }

    func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>] {
        try breaker.apply(changes, .addresses) { (changes) throws(DataplaneError) in try base.apply(changes) }
    }
}

private final class BreakingRules: RulesDataplane {
    private let base: any RulesDataplane
    private let breaker: Breaker

    init(_ base: any RulesDataplane, _ breaker: Breaker) {
        self.base = base
        self.breaker = breaker
    }

    var supportsRandomFully: Bool { base.supportsRandomFully }

    func fingerprint(_ family: IPFamily) -> RulesFingerprint? {
        base.fingerprint(family)
    }

    func save(_ family: IPFamily) async throws(DataplaneError) -> String {
        try await base.save(family)
    }

    func restore(_ input: String, _ family: IPFamily) async throws(DataplaneError) {
        guard breaker.limit(of: 1) == nil else { throw breaker.failure(.rules) }
        try await base.restore(input, family)
    }
}
