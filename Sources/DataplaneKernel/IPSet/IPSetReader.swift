import DataplaneModel
import Netlink
import Reconcile

/// Reads sets by netlink, a part at a time. libipset hands over a listing as a whole, as text.
///
/// The kernel holds on to a set while it is read: until the reading has ended, or this is gone, it refuses to swap or destroy
/// it (`ref_netlink` in `net/netfilter/ipset/ip_set_core.c`).
final class IPSetReader {
    private var socket: NetlinkSocket
    private var request: NetlinkRequest
    /// The set that is being read; `nil` when none is.
    private var set: ObservedSet?

    /// In the network namespace of the calling thread.
    init() throws(DataplaneError) {
        do throws(NetlinkError) {
            socket = try NetlinkSocket.open(.netfilter)
            request = try NetlinkRequest()
        } catch {
            throw DataplaneError(.ipset, "open netlink to read sets", error)
        }
    }

    /// Whether the kernel holds on to the set of that name for this reader.
    func isReading(_ name: String) -> Bool { set?.name == name }

    /// Begins to read a set.
    ///
    /// - Parameter headerOnly: whether to leave out its members.
    /// - Returns: as `readOn`; `nil` when there is no set of that name.
    func begin(
        _ name: String,
        headerOnly: Bool = false,
        _ body: (IPSetEntry) -> Void = { _ in }
    ) throws(DataplaneError) -> (set: ObservedSet, hasMore: Bool)? {
        set = nil
        do throws(NetlinkError) {
            try request.beginSetDump(name, headerOnly: headerOnly)
            try socket.beginDump(&request)
        } catch {
            throw Self.failure(name, error)
        }
        return try readNext(name, nil, body)
    }

    /// Goes on with what was begun.
    ///
    /// - Returns: the set, and whether there is more; `nil` when that set is not being read.
    func readOn(
        _ name: String,
        _ body: (IPSetEntry) -> Void
    ) throws(DataplaneError) -> (set: ObservedSet, hasMore: Bool)? {
        guard let set, set.name == name else { return nil }
        return try readNext(name, set, body)
    }

    private func readNext(
        _ name: String,
        _ known: ObservedSet?,
        _ body: (IPSetEntry) -> Void
    ) throws(DataplaneError) -> (set: ObservedSet, hasMore: Bool)? {
        set = nil
        var found = known
        let hasMore: Bool
        do throws(NetlinkError) {
            hasMore = try socket.continueDump(togetherWithNext: true) { (message, datagram) throws(NetlinkError) in
                if found == nil { found = try message.observedSet(in: datagram) }
                guard let type = found.flatMap({ IPSetType(rawValue: $0.typeName) }) else { return }
                try message.forEachSetEntry(of: type, in: datagram) { entry in
                    if let entry { body(entry) } else { found?.hasForeignMembers = true }
                }
            }
        } catch {
            if error.operation == .request, error.errno == .noEntry { return nil }
            throw Self.failure(name, error)
        }
        guard let found else { throw Self.failure(name, .malformed("a dump without a set")) }
        if hasMore { set = found }
        return (found, hasMore)
    }

    private static func failure(_ name: String, _ error: NetlinkError) -> DataplaneError {
        DataplaneError(.ipset, "read the set \(name)", error)
    }
}
