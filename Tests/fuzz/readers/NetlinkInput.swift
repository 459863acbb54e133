// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Netlink

@testable import DataplaneKernel

/// Datagrams of the kernel. It is trusted, but not each version of it is known.
enum NetlinkInput {
    private static func forEachMessage(
        _ bytes: [UInt8],
        _ body: (NetlinkMessage, RawSpan) throws(NetlinkError) -> Void
    ) {
        let datagram = unsafe bytes.span.bytes
        var messages = NetlinkMessages()
        do throws(NetlinkError) {
            while let message = try messages.next(in: datagram) {
                // One that cannot be read does not keep the next from being read.
                do throws(NetlinkError) { try body(message, datagram) } catch {}
            }
        } catch {}
    }

    static func readAnswers(_ bytes: [UInt8]) {
        forEachMessage(bytes) { message, datagram throws(NetlinkError) in
            let answer = try NetlinkAcknowledgement(message, in: datagram)
            _ = answer.map { "\($0)" }
        }
    }

    static func readIPVS(_ bytes: [UInt8]) {
        forEachMessage(bytes) { message, datagram throws(NetlinkError) in
            if let server = try message.virtualServer(in: datagram) { _ = "\(server)" }
        }
        for family in IPFamily.allCases {
            forEachMessage(bytes) { message, datagram throws(NetlinkError) in
                if let server = try message.realServer(in: datagram, serviceFamily: family) { _ = "\(server)" }
            }
        }
    }

    static func readSets(_ bytes: [UInt8]) {
        forEachMessage(bytes) { message, datagram throws(NetlinkError) in
            _ = try message.observedSet(in: datagram)
        }
        for type in IPSetType.allCases {
            forEachMessage(bytes) { message, datagram throws(NetlinkError) in
                try message.forEachSetEntry(of: type, in: datagram) { _ in }
            }
        }
    }

    static func readRoutes(_ bytes: [UInt8]) {
        forEachMessage(bytes) { message, datagram throws(NetlinkError) in
            _ = try RouteAddress(message, in: datagram)
        }
        forEachMessage(bytes) { message, datagram throws(NetlinkError) in
            _ = try RouteLink(message, in: datagram)
        }
        forEachMessage(bytes) { message, datagram throws(NetlinkError) in
            _ = try Route(message, in: datagram)
        }
    }

    static func readFlows(_ bytes: [UInt8]) {
        for family in IPFamily.allCases {
            for transport in [TransportProtocol.tcp, .udp, .sctp] {
                forEachMessage(bytes) { message, datagram throws(NetlinkError) in
                    _ = try message.conntrackFlow(of: ConntrackFilter(family, transport), in: datagram)
                }
            }
        }
    }

    static func readRules(_ bytes: [UInt8]) {
        for table in ["nat", "filter", "mangle"] {
            forEachMessage(bytes) { message, datagram throws(NetlinkError) in
                _ = try message.nftablesChain(of: table, in: datagram)
            }
            for family in IPFamily.allCases {
                forEachMessage(bytes) { message, datagram throws(NetlinkError) in
                    _ = try message.nftablesRule(of: table, family, in: datagram)
                }
            }
        }
    }
}
