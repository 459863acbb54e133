public import Addressing
public import DataplaneModel

/// The kernel's IPVS table of one network namespace.
///
/// The methods of all data planes block while the kernel works, and are called from one thread.
public protocol IPVSDataplane: AnyObject {
    /// Hands over a part of the virtual servers of both families without their real servers, from one reading of the
    /// kernel's table. Other calls may come in between.
    ///
    /// While the table changes, or the kernel moves virtual servers about in it, some may be missing, and some may come
    /// twice.
    ///
    /// - Parameter isStart: whether to begin anew; otherwise the reading that was begun goes on.
    /// - Returns: whether there is more.
    func listVirtualServers(
        restarting isStart: Bool,
        _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) -> Bool

    /// One virtual server with its real servers; `nil` when it is not there.
    func virtualServer(_ id: VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer?

    /// The real servers of one virtual server with their connections; `nil` when there is no such virtual server.
    func realServers(of id: VirtualServer.ID) throws(DataplaneError) -> [ObservedRealServer]?

    /// Carries the changes out in order.
    ///
    /// - Returns: the changes that the kernel refused. Every other one took effect.
    /// - Throws: when the exchange itself broke: what took effect is then unknown, and the table must be read again.
    func apply(_ changes: [IPVSChange]) throws(DataplaneError) -> [RefusedChange<IPVSChange>]
}

/// The kernel's sets of one network namespace.
public protocol IPSetDataplane: AnyObject {
    /// The set of that name as the kernel has it; `nil` when there is none.
    ///
    /// - Throws: also when it is none that could be one of ours.
    func definition(ofSetNamed name: String) throws(DataplaneError) -> IPSetDefinition?

    /// Hands over a part of a set's members, from one reading of the set. Other calls may come in between.
    ///
    /// There is one reading at a time: it ends early when another one begins, and when its set is swapped or destroyed. What
    /// comes or goes meanwhile may be in it or not.
    ///
    /// - Parameter isStart: whether to begin anew; otherwise the reading that was begun goes on.
    /// - Returns: the set, and whether there is more; `nil` when there is no such set, or no such reading to go on with. Of a set
    ///   whose type is not among `IPSetType` no members are handed over.
    func readMembers(
        ofSetNamed name: String,
        restarting isStart: Bool,
        _ body: (IPSetEntry) -> Void
    ) throws(DataplaneError) -> (set: ObservedSet, hasMore: Bool)?

    /// Makes an empty set. Refused if the name is taken.
    func create(_ set: IPSetDefinition) throws(DataplaneError)

    /// Exchanges the contents of two sets of one type; rules that match on a name see the other's members at once.
    func swap(_ first: String, _ second: String) throws(DataplaneError)

    /// Removes a set. Refused while a rule refers to it.
    func destroy(_ name: String) throws(DataplaneError)

    /// Removes a set that rules referred to until now. The kernel may let go of it only a while after the rules are gone: that is
    /// waited for.
    func destroyReleased(_ name: String) throws(DataplaneError)

    /// Removes a set, whatever its type is; that it is not there is no failure.
    ///
    /// - Returns: whether it was there.
    func destroyIfPresent(_ name: String) throws(DataplaneError) -> Bool

    /// Carries the changes out in order. Adding what is there and removing what is not is no failure.
    ///
    /// - Returns: the changes that the kernel refused. Every other one took effect.
    func apply(_ changes: [IPSetChange]) throws(DataplaneError) -> [RefusedChange<IPSetChange>]
}

extension IPSetDataplane {
    /// The set of that name, with those of its members that could be in one of ours; `nil` when there is none.
    public func contents(ofSetNamed name: String) throws(DataplaneError) -> (ObservedSet, Set<IPSetEntry>)? {
        var members: Set<IPSetEntry> = []
        var isStart = true
        while let part = try readMembers(ofSetNamed: name, restarting: isStart, { members.insert($0) }) {
            guard part.hasMore else { return (part.set, members) }
            isStart = false
        }
        return nil
    }
}

/// The dummy link of one network namespace, and its addresses.
public protocol AddressDataplane: AnyObject {
    /// Whether the dummy link is there.
    ///
    /// - Throws: also when a link of that name is not a dummy.
    func linkExists() throws(DataplaneError) -> Bool

    /// As `ip link add kube-ipvs0 type dummy`; the link stays down. Without IPv6 link-local address.
    func createLink() throws(DataplaneError)

    /// Hands over a part of a family's addresses on the dummy link, from one reading: all of them, however they are bound. Other
    /// calls may come in between.
    ///
    /// There is one reading at a time: it ends early when another one begins.
    ///
    /// - Parameter isStart: whether to begin anew; otherwise the reading that was begun goes on.
    /// - Returns: whether there is more; `nil` when addresses came or went since the reading began, or when there is none to go
    ///   on with: what was handed over is then of no use.
    func listAddresses(
        of family: IPFamily,
        restarting isStart: Bool,
        _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> Bool?

    /// Carries the changes out in order. Binding what is bound and removing what is not is no failure. What is bound in another
    /// way (`BoundAddress.isStray`) is neither bound nor unbound by that.
    ///
    /// - Returns: the changes that the kernel refused. Every other one took effect.
    func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>]
}

extension AddressDataplane {
    /// All addresses of a family on the dummy link, however they are bound, but loopback and IPv6 link-local ones.
    public func boundAddresses(of family: IPFamily) throws(DataplaneError) -> Set<IPAddress> {
        for _ in 0...AddressReading.maximumRestarts {
            var addresses: Set<IPAddress> = []
            var isStart = true
            while let hasMore = try listAddresses(
                of: family, restarting: isStart,
                {
                    guard $0.address.family == family, !DummyLink.keepsUnwanted($0.address) else { return }
                    addresses.insert($0.address)
                })
            {
                guard hasMore else { return addresses }
                isStart = false
            }
        }
        throw DataplaneError(part: .addresses, explanation: "the addresses changed whenever they were read")
    }
}

/// A number that is another one after each change to the rules of a family, by whomever.
public struct RulesFingerprint: Hashable, Sendable {
    public var value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }
}

/// The iptables rules of one network namespace.
public protocol RulesDataplane: AnyObject {
    /// Tells whether the rules have changed since an earlier call, without running a program. Two equal values, one read
    /// before the rules were listed and one later, mean that the listing still holds.
    ///
    /// - Returns: `nil` where the kernel cannot tell: then the rules have to be listed.
    func fingerprint(_ family: IPFamily) -> RulesFingerprint?

    /// Runs one program: what `iptables-save` (`ip6tables-save`) prints of the tables `nat` and `filter`.
    func save(_ family: IPFamily) async throws(DataplaneError) -> String

    /// Runs one program: gives `input` to `iptables-restore --noflush --wait` (`ip6tables-restore`).
    func restore(_ input: String, _ family: IPFamily) async throws(DataplaneError)

    /// Whether `MASQUERADE --random-fully` is known: iptables 1.6.2 and later.
    var supportsRandomFully: Bool { get }
}

extension RulesDataplane {
    public func fingerprint(_ family: IPFamily) -> RulesFingerprint? { nil }
}

/// The flows that the kernel tracks in one network namespace.
public protocol ConntrackDataplane: AnyObject {
    /// Deletes the flows that match a filter and are stale.
    ///
    /// The kernel's table changes while it is read: a flow that came meanwhile may be missed, and one that ended by itself
    /// counts as deleted.
    func deleteFlows(
        matching filter: ConntrackFilter,
        where isStale: (ConntrackFlow) -> Bool
    ) throws(DataplaneError) -> ConntrackSweep

    /// Does the same for a part of the flows: some hundred of what may be a million. `deleteFlows` may be called in between.
    ///
    /// - Parameter isStart: whether to begin with the first flow, and not to go on behind the last call's. There is one such
    ///   walk at a time.
    /// - Returns: what came of this part, and whether there is more.
    func deleteNextFlows(
        matching filter: ConntrackFilter,
        restarting isStart: Bool,
        where isStale: (ConntrackFlow) -> Bool
    ) throws(DataplaneError) -> (sweep: ConntrackSweep, hasMore: Bool)
}

/// Settings of the kernel, of the network namespace or of the whole machine.
public protocol SettingsDataplane {
    /// The value, without white space around it.
    func read(_ setting: KernelSetting) throws(DataplaneError) -> String

    /// Writes the value, also when it is that already.
    func write(_ value: String, to setting: KernelSetting) throws(DataplaneError)
}
