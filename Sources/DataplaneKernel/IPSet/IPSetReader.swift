// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import Glibc
import Netlink
import Reconcile

/// Reads sets by netlink, a part at a time. libipset hands over a listing as a whole, as text.
///
/// The kernel holds on to a set while it is read: until the reading has ended, or this is gone, it refuses to swap or destroy
/// it (`ref_netlink` in `net/netfilter/ipset/ip_set_core.c`).
final class IPSetReader {
    private var socket: NetlinkSocket
    private var request: NetlinkRequest
    /// The name of the set that the kernel holds on to for this reader; `nil` when there is none.
    private var heldSet: String?

    /// In the network namespace of the calling thread.
    init() throws(DataplaneError) {
        do throws(NetlinkError) {
            socket = try NetlinkSocket.open(.netfilter)
            request = try NetlinkRequest()
        } catch {
            throw DataplaneError(.ipset, "open netlink to read sets", error)
        }
    }

    func isReading(_ name: String) -> Bool { heldSet == name }

    /// Begins to read a set. What was being read is read no more.
    ///
    /// - Parameter headerOnly: whether to leave out its members.
    func begin(_ name: String, headerOnly: Bool = false) throws(DataplaneError) {
        heldSet = nil
        do throws(NetlinkError) {
            try request.beginSetDump(name, headerOnly: headerOnly)
            try socket.beginDump(&request)
        } catch {
            throw Self.failure(name, error)
        }
    }

    /// Reads the next part of the set that was begun.
    ///
    /// - Parameter set: gets to know the set with the first part, if there is one of that name.
    /// - Returns: whether there is more.
    func readNext(of set: inout NamedSet, _ body: (IPSetEntry) -> Void) throws(DataplaneError) -> Bool {
        heldSet = nil
        var found = set.found.take()
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
            if error.operation == .request, error.errno == .noEntry { return false }
            throw Self.failure(set.name, error)
        }
        guard found != nil else { throw Self.failure(set.name, .malformed("a dump without a set")) }
        set.found = found
        if hasMore { heldSet = set.name }
        return hasMore
    }

    /// nfnetlink answers EINVAL where nobody has registered for ip_set (`nfnetlink_rcv_msg` in `net/netfilter/nfnetlink.c`).
    private static func failure(_ name: String, _ error: NetlinkError) -> DataplaneError {
        guard error.operation == .request, [EPERM, EINVAL].contains(error.errno.rawValue) else {
            return DataplaneError(.ipset, "read the set \(name)", error)
        }
        let failure = IPSetFailure.unavailable(error.errno.rawValue, "\(error)")
        return DataplaneError(
            part: .ipset, number: failure.number, explanation: "cannot read the set \(name): \(failure.words)")
    }
}
