// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
import Netlink

extension NetlinkRequest {
    /// Starts a request of a netfilter subsystem: `NFNL_SUBSYS_*` in `linux/netfilter/nfnetlink.h`.
    ///
    /// - Parameter family: `nil` where the subsystem does not look at it.
    mutating func begin(
        netfilter subsystem: Int32,
        _ command: some RawRepresentable<UInt32>,
        _ family: IPFamily? = nil,
        flags: NetlinkRequestFlags = []
    ) throws(NetlinkError) {
        var header = nfgenmsg()
        header.nfgen_family = UInt8(truncatingIfNeeded: family?.rawAddressFamily ?? 0)
        header.version = UInt8(NFNETLINK_V0)
        try begin(type: Int(subsystem) << 8 | Int(command.rawValue), header: header, flags: flags)
    }
}

extension NetlinkMessage {
    /// The attributes behind the header that all netfilter subsystems have.
    ///
    /// - Throws: when the payload is shorter than that.
    func netfilterAttributes() throws(NetlinkError) -> NetlinkAttributes {
        try attributes(after: MemoryLayout<nfgenmsg>.size)
    }
}
