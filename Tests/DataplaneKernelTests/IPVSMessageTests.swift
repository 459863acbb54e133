// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Netlink
import Testing

@testable import DataplaneKernel

/// Answers of the `IPVS` family as a kernel sent them (Linux 7.2), and what becomes of them when they are cut short.
@Suite struct IPVSMessageTests {
    /// `-A -t [fd00:1::1]:443 -s mh -p 300 -M 64 -b mh-port --pe sip`, to `IPVS_CMD_GET_SERVICE`.
    private let service = bytes(
        """
        480100001600020001000000380000000101000034010100060001000a000000060002000600000014000300fd000001000000000000
        0000000000010600040001bb0000070006006d68000008000b00736970000c00070013000000ffffffff080008002c01000008000900
        400000005c000a000800010000000000080002000000000008000300000000000c00040000000000000000000c000500000000000000
        0000080006000000000008000700000000000800080000000000080009000000000008000a00000000007c000c000c00010000000000
        000000000c00020000000000000000000c00030000000000000000000c00040000000000000000000c00050000000000000000000c00
        060000000000000000000c00070000000000000000000c00080000000000000000000c00090000000000000000000c000a0000000000
        00000000
        """)

    /// `-a … -r [fd00:9::1]:443 -i -w 7 -x 20 -y 10 --tun-type gue --tun-port 6080 --tun-remcsum`, to `IPVS_CMD_GET_DEST`.
    private let destination = bytes(
        """
        64010000160002000100000038000000050100005001020014000100fd0000090000000000000000000000010600020001bb00000800
        030002000000080004000700000005000d000100000006000e0017c0000006000f00020000000800050014000000080006000a000000
        08000700000000000800080000000000080009000000000006000b000a0000005c000a00080001000000000008000200000000000800
        0300000000000c00040000000000000000000c0005000000000000000000080006000000000008000700000000000800080000000000
        080009000000000008000a00000000007c000c000c00010000000000000000000c00020000000000000000000c000300000000000000
        00000c00040000000000000000000c00050000000000000000000c00060000000000000000000c00070000000000000000000c000800
        00000000000000000c00090000000000000000000c000a000000000000000000
        """)

    private func virtualServer(_ bytes: [UInt8]) throws(NetlinkError) -> ObservedVirtualServer? {
        try read(bytes) { (message, datagram) throws(NetlinkError) in try message.virtualServer(in: datagram) }
    }

    private func realServer(_ bytes: [UInt8]) throws(NetlinkError) -> ObservedRealServer? {
        try read(bytes) { (message, datagram) throws(NetlinkError) in
            try message.realServer(in: datagram, serviceFamily: .v6)
        }
    }

    @Test func `a virtual server is read, without the kernel's own flag`() throws {
        let server = try #require(try virtualServer(service))
        let id = VirtualServer.ID(address: try #require(IPAddress("fd00:1::1")), port: 443, transport: .tcp)
        #expect(server.identity == .address(id))
        let configuration = VirtualServer.Configuration(
            scheduler: .maglevHashing, flags: [.persistent, .scheduler2], persistenceTimeout: 300,
            persistenceMask: 64, persistenceEngine: "sip")
        #expect(server.configuration == configuration)
        #expect(server.statistics == TrafficStatistics())
    }

    @Test func `a real server is read with its tunnel`() throws {
        let id = RealServer.ID(address: try #require(IPAddress("fd00:9::1")), port: 443)
        let expected = ObservedRealServer(
            realServer: RealServer(id: id, weight: 7, forwarding: .tunnel, upperThreshold: 20, lowerThreshold: 10),
            tunnel: TunnelEncapsulation(kind: .gue, port: 6080, flags: 2))
        #expect(try realServer(destination) == expected)
    }

    @Test func `64-bit statistics win, and 32-bit ones serve where there are no others`() throws {
        var bytes = service
        // The headers of `IPVS_SVC_ATTR_STATS` and `IPVS_SVC_ATTR_STATS64`, whose first attribute counts connections.
        let narrow = try #require(offset(of: [0x5c, 0, 10, 0], in: bytes))
        let wide = try #require(offset(of: [0x7c, 0, 12, 0], in: bytes))
        bytes[narrow + 8] = 5
        bytes[wide + 12] = 1
        #expect(try virtualServer(bytes)?.statistics.connections == 1 << 32)
        bytes[wide + 2] = 99
        #expect(try virtualServer(bytes)?.statistics.connections == 5)
    }

    @Test func `what no Service can be is left out`() throws {
        var otherTransport = service
        otherTransport[try #require(offset(of: [6, 0, 2, 0, 6, 0], in: service)) + 4] = 50  // ESP
        #expect(try virtualServer(otherTransport) == nil)

        var mapped = service
        let address = try #require(offset(of: [20, 0, 3, 0], in: service)) + 4
        mapped.replaceSubrange(address..<address + 12, with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
        #expect(try virtualServer(mapped) == nil)
    }

    @Test func `an answer cut short is an error`() {
        for length in 1..<service.count {
            #expect(throws: NetlinkError.self) { try virtualServer(Array(service.prefix(length))) }
        }
        for length in 1..<destination.count {
            #expect(throws: NetlinkError.self) { try realServer(Array(destination.prefix(length))) }
        }
    }

    /// All lengths then agree with the cut, and what is missing are attributes, or the end of one.
    @Test func `an answer that says it is short is an error or has the identity it should`() throws {
        let identity = try #require(try virtualServer(service)).identity
        for length in 24..<service.count {
            if let server = try? virtualServer(shortened(service, to: length)) {
                #expect(server.identity == identity)
                #expect(server.configuration.scheduler == .maglevHashing)
            }
        }
        let id = try #require(try realServer(destination)).realServer.id
        for length in 24..<destination.count {
            if let server = try? realServer(shortened(destination, to: length)) {
                #expect(server.realServer.id.address == id.address)
            }
        }
    }

    /// Sets the length of the message and that of the nested attribute behind its two headers.
    private func shortened(_ bytes: [UInt8], to length: Int) -> [UInt8] {
        var bytes = Array(bytes.prefix(length))
        let nested = length - 20
        (bytes[0], bytes[1]) = (UInt8(length & 0xff), UInt8(length >> 8))
        (bytes[20], bytes[21]) = (UInt8(nested & 0xff), UInt8(nested >> 8))
        return bytes
    }
}

private func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

private func offset(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
    (0...bytes.count - pattern.count).first { bytes[$0..<$0 + pattern.count].elementsEqual(pattern) }
}

private func read<Result>(
    _ bytes: [UInt8],
    _ body: (NetlinkMessage, RawSpan) throws(NetlinkError) -> Result?
) throws(NetlinkError) -> Result? {
    let datagram = unsafe bytes.span.bytes
    var messages = NetlinkMessages()
    guard let message = try messages.next(in: datagram) else { return nil }
    return try body(message, datagram)
}
