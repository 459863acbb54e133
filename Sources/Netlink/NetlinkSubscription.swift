// SPDX-License-Identifier: GPL-2.0-or-later
import CLibNL
import CLinuxUAPI
import Glibc

/// A group of `NETLINK_ROUTE` that the kernel tells of changes.
public enum RouteGroup: CaseIterable, Sendable {
    case links
    case addressesV4
    case addressesV6
    case routesV4
    case routesV6

    fileprivate var rawValue: UInt32 {
        switch self {
        case .links: RTNLGRP_LINK.rawValue
        case .addressesV4: RTNLGRP_IPV4_IFADDR.rawValue
        case .addressesV6: RTNLGRP_IPV6_IFADDR.rawValue
        case .routesV4: RTNLGRP_IPV4_ROUTE.rawValue
        case .routesV6: RTNLGRP_IPV6_ROUTE.rawValue
        }
    }
}

/// A netlink socket that only listens.
public struct NetlinkSubscription: ~Copyable {
    private var handle: NetlinkHandle

    private init(handle: consuming NetlinkHandle) {
        self.handle = handle
    }

    /// Starts to listen in the network namespace of the calling thread.
    ///
    /// - Parameter routes: those of which there are to be notifications; `nil` for all. A node may have many thousand
    ///   routes of other programs that come and go: the kernel keeps those notifications back.
    public static func open(
        _ groups: [RouteGroup],
        of routes: RouteFilter? = nil,
        receiveBuffer: Int = 1 << 20
    ) throws(NetlinkError) -> NetlinkSubscription {
        let handle = try NetlinkHandle.open(.route)
        try handle.setBuffer(force: SO_RCVBUFFORCE, plain: SO_RCVBUF, to: receiveBuffer)
        if let routes { try routes.attach(to: handle) }
        for group in groups {
            try handle.setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, to: group.rawValue)
        }
        return NetlinkSubscription(handle: handle)
    }

    /// Readable when there is something to receive, for `poll(2)` and its kin. It closes with the subscription.
    public var descriptor: Int32 { handle.descriptor }

    /// Waits until there is something to receive.
    ///
    /// - Returns: whether there is; `false` when the time is over.
    public func wait(timeout: Duration) throws(NetlinkError) -> Bool {
        let end = ContinuousClock.now + timeout
        while true {
            let left = Swift.max(.zero, end - .now)
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&entry, 1, Self.milliseconds(left))
            if ready > 0 { return true }
            if ready == 0, ContinuousClock.now >= end { return false }
            let errno = Errno.current
            guard ready == 0 || errno == .interrupted else { throw NetlinkError(.receive, errno) }
        }
    }

    /// Rounded up, so that a wait does not spin through its last millisecond; `poll(2)` takes 24 days at most.
    private static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        guard seconds < Int64(Int32.max) / 1000 else { return .max }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    /// Hands over what has arrived, without waiting.
    ///
    /// - Returns: whether events were lost because the receive buffer was full. What they were about must be read again.
    public mutating func receive(
        _ body: (NetlinkMessage, RawSpan) throws(NetlinkError) -> Void
    ) throws(NetlinkError) -> Bool {
        var areEventsLost = false
        while true {
            do throws(NetlinkError) {
                try handle.receive(flags: Int32(MSG_DONTWAIT)) { (datagram) throws(NetlinkError) in
                    var messages = NetlinkMessages()
                    while let message = try messages.next(in: datagram) {
                        try body(message, datagram)
                    }
                }
            } catch {
                switch error.errno {
                case .tryAgain: return areEventsLost
                case .noBufferSpace: areEventsLost = true
                default: throw error
                }
            }
        }
    }
}
