// SPDX-License-Identifier: GPL-2.0-or-later
import CLinuxUAPI
public import DataplaneModel
import Glibc
import Netlink
public import Reconcile

// What a dump of a long table needs: virtual servers without their real servers, which are read one virtual server at a time.

extension KernelIPVS {
    /// Every virtual server of both families, in the kernel's order and without its real servers.
    public func virtualServersAlone() throws(DataplaneError) -> [ObservedVirtualServer] {
        do throws(NetlinkError) {
            // Of the first reading no more is kept than tells whether the second one has the same ones in the same order: an
            // interrupted dump is not marked as such (`readUntilUnchanged`).
            var last = try fingerprint()
            for attempt in 1...NetlinkSocket.dumpAttempts {
                var servers: [ObservedVirtualServer] = []
                servers.reserveCapacity(last.count)
                let next = try fingerprint { servers.append($0) }
                if next == last { return servers }
                last = next
                usleep(useconds_t(attempt * 10_000))
            }
            throw NetlinkError(.receive, .interrupted, explanation: "the table kept changing while it was read")
        } catch {
            throw Self.failure("read the IPVS table", error)
        }
    }

    /// The real servers of a virtual server; `nil` when that is not there any more.
    public func realServers(
        of identity: ObservedVirtualServer.Identity
    ) throws(DataplaneError) -> [ObservedRealServer]? {
        do throws(NetlinkError) {
            return try wholeRealServers(of: identity)
        } catch {
            throw Self.failure("read real servers", error)
        }
    }

    private func fingerprint(
        _ body: (ObservedVirtualServer) -> Void = { _ in }
    ) throws(NetlinkError) -> TableFingerprint {
        try dump(IPVS_CMD_GET_SERVICE, into: TableFingerprint()) { (table, message, datagram) throws(NetlinkError) in
            guard let server = try message.virtualServer(in: datagram) else { return }
            table.note(server.identity)
            body(server)
        }
    }
}

/// How many virtual servers there are, and which in which order.
private struct TableFingerprint: Equatable {
    private(set) var count = 0
    private var hasher = Hasher()

    mutating func note(_ identity: ObservedVirtualServer.Identity) {
        count += 1
        hasher.combine(identity)
    }

    static func == (left: Self, right: Self) -> Bool {
        left.count == right.count && left.hasher.finalize() == right.hasher.finalize()
    }
}
