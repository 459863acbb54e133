// SPDX-License-Identifier: GPL-2.0-or-later
import CLibNL

/// A generic netlink family, as the kernel numbered it when its module was loaded.
public struct GenericFamily: Hashable, Sendable {
    public var id: UInt16
    public var version: UInt8

    public init(id: UInt16, version: UInt8) {
        self.id = id
        self.version = version
    }

    /// Asks the kernel for the number of a family, such as `IPVS`.
    ///
    /// Where no loaded module has the family, the kernel first loads the module with the alias
    /// `net-pf-16-proto-16-family-NAME` (`ctrl_getfamily` in `net/netlink/genetlink.c`).
    ///
    /// It takes a socket of its own for the question, so nothing left over from another exchange can confuse libnl.
    ///
    /// - Throws: `ENOENT` when no module has it.
    public static func resolve(_ name: String, version: UInt8) throws(NetlinkError) -> GenericFamily {
        guard let socket = unsafe nl_socket_alloc() else {
            throw NetlinkError(.resolveFamily, .outOfMemory)
        }
        defer { unsafe nl_socket_free(socket) }

        guard unsafe nl_connect(socket, NETLINK_GENERIC) >= 0 else {
            throw NetlinkError(.resolveFamily, .current)
        }
        let id = unsafe genl_ctrl_resolve(socket, name)
        guard let id = UInt16(exactly: id) else {
            // libnl's code for "not found"; others say how the exchange broke, in libnl's words only.
            guard id == -NLE_OBJ_NOTFOUND else {
                throw NetlinkError(.resolveFamily, .inputOutput, explanation: unsafe String(cString: nl_geterror(id)))
            }
            throw NetlinkError(.resolveFamily, .noEntry, explanation: "the kernel has no family \(name)")
        }
        return GenericFamily(id: id, version: version)
    }
}
