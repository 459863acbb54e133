// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
import DataplaneKernel
import Foundation
import Glibc
import Netlink
import Synchronization

/// Asks the kernel again and again whether it would deliver to addresses on this node, as `ip route get` does.
final class LocalityWatch: Sendable {
    struct Seen {
        /// How often each address was asked for.
        var rounds = 0
        /// One for each time that the kernel would not have delivered.
        var missed: [IPAddress] = []
        var failure: NetlinkError?
    }

    private let addresses: [IPAddress]
    private let isStopped = Atomic(false)
    private let seen = Mutex(Seen())
    private let hasEnded = DispatchSemaphore(value: 0)

    init(_ addresses: [IPAddress]) {
        self.addresses = addresses
    }

    /// Begins, on a thread of its own: the tests' tasks share one on a machine with one processor.
    func start() {
        Thread.detachNewThread { [self] in
            do throws(NetlinkError) {
                var question = try LocalityQuestion()
                while !isStopped.load(ordering: .relaxed) {
                    for address in addresses where try !question.isLocal(address) {
                        seen.withLock { $0.missed.append(address) }
                    }
                    seen.withLock { $0.rounds += 1 }
                }
            } catch {
                seen.withLock { $0.failure = error }
            }
            hasEnded.signal()
        }
        while seen.withLock({ $0.rounds == 0 && $0.failure == nil }) { usleep(1000) }
    }

    func stop() -> Seen {
        isStopped.store(true, ordering: .relaxed)
        hasEnded.wait()
        return seen.withLock { $0 }
    }
}

/// One question after the other, on one socket.
struct LocalityQuestion: ~Copyable {
    private var socket: NetlinkSocket
    private var request: NetlinkRequest

    init() throws(NetlinkError) {
        let socket = try NetlinkSocket.open(.route)
        request = try NetlinkRequest()
        self.socket = socket
    }

    mutating func isLocal(_ address: IPAddress) throws(NetlinkError) -> Bool {
        var header = rtmsg()
        header.rtm_family = UInt8(address.family == .v4 ? AF_INET : AF_INET6)
        header.rtm_dst_len = address.family.bitWidth
        try request.begin(type: RTM_GETROUTE, header: header)
        switch address.family {
        case .v4:
            try request.put(Int(RTA_DST.rawValue), UInt32(truncatingIfNeeded: address.low).bigEndian)
        case .v6:
            try request.put(Int(RTA_DST.rawValue), address.high.bigEndian, address.low.bigEndian)
        }
        var isLocal = false
        do throws(NetlinkError) {
            try socket.exchange(&request) { (message, datagram) throws(NetlinkError) in
                guard Int(message.type) == RTM_NEWROUTE else { return }
                let route: rtmsg = try datagram.header(of: message)
                isLocal = Int(route.rtm_type) == RTN_LOCAL
            }
        } catch {
            // ENETUNREACH and the like: there is no route at all.
            guard error.operation == .request else { throw error }
        }
        return isLocal
    }
}
