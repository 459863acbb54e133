// SPDX-License-Identifier: GPL-2.0-or-later
import CLinuxUAPI
import Glibc

/// Which notifications of routes a subscription takes. Those of everything else pass.
public struct RouteFilter: Hashable, Sendable {
    /// `rtm_table`.
    public var table: UInt8
    /// Whether routes are left out that the kernel makes itself, as it does for each address (`RTPROT_KERNEL`).
    public var leavesOutKernel: Bool

    public init(table: UInt8, leavesOutKernel: Bool = false) {
        self.table = table
        self.leavesOutKernel = leavesOutKernel
    }

    /// Has the kernel drop the others before they reach the socket's queue (`do_one_broadcast` in
    /// `net/netlink/af_netlink.c`). A notification has one message: `nlmsghdr` and then `rtmsg`.
    func attach(to handle: borrowing NetlinkHandle) throws(NetlinkError) {
        // Filters load numbers in the order of the network, and the kernel writes the type in the machine's.
        let types = [RTM_NEWROUTE, RTM_DELROUTE].map { UInt32(UInt16($0).bigEndian) }
        let pass: UInt8 = 5
        let program = [
            Self.load(BPF_H, at: 4),
            Self.jump(types[0], ifEqual: 1, otherwise: 0),
            Self.jump(types[1], ifEqual: 0, otherwise: pass - 1),
            Self.load(BPF_B, at: 20),
            Self.jump(UInt32(table), ifEqual: 0, otherwise: 3),
            Self.load(BPF_B, at: 21),
            Self.jump(UInt32(RTPROT_KERNEL), ifEqual: leavesOutKernel ? 1 : 0, otherwise: 0),
            sock_filter(code: UInt16(BPF_RET), jt: 0, jf: 0, k: .max),
            sock_filter(code: UInt16(BPF_RET), jt: 0, jf: 0, k: 0),
        ]
        try handle.attach(program)
    }

    private static func load(_ size: Int32, at offset: UInt32) -> sock_filter {
        sock_filter(code: UInt16(BPF_LD | size | BPF_ABS), jt: 0, jf: 0, k: offset)
    }

    private static func jump(_ value: UInt32, ifEqual: UInt8, otherwise: UInt8) -> sock_filter {
        sock_filter(code: UInt16(BPF_JMP | BPF_JEQ | BPF_K), jt: ifEqual, jf: otherwise, k: value)
    }
}

extension NetlinkHandle {
    /// Lets a program of classic BPF decide which datagrams reach the socket (`SO_ATTACH_FILTER`).
    fileprivate func attach(_ program: [sock_filter]) throws(NetlinkError) {
        var program = program
        let count = UInt16(program.count)
        try unsafe program.withUnsafeMutableBufferPointer { (instructions) throws(NetlinkError) in
            let filter = unsafe sock_fprog(len: count, filter: instructions.baseAddress)
            try unsafe setOption(SOL_SOCKET, SO_ATTACH_FILTER, to: filter)
        }
    }
}
