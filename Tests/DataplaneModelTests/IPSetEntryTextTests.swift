// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import SystemTesting
import Testing

@Suite struct IPSetEntryTextTests {
    static let samples: [(String, IPSetType)] = [
        ("0", .bitmapPort), ("65535", .bitmapPort),
        ("10.0.0.1", .hashIP), ("fd00::1", .hashIP),
        ("10.0.0.1,tcp:443", .hashIPPort), ("fd00::1,sctp:1", .hashIPPort), ("10.0.0.1,udp:65535", .hashIPPort),
        ("10.0.0.1,tcp:443,10.0.0.1", .hashIPPortIP), ("fd00::1,udp:53,fd00:0:1::", .hashIPPortIP),
        ("10.0.0.1,tcp:443,192.168.0.0/16", .hashIPPortNet), ("fd00::1,udp:53,fd00:1::/48", .hashIPPortNet),
        ("10.0.0.1,tcp:443,192.168.0.1/32", .hashIPPortNet), ("fd00::1,udp:53,fd00:1::1/128", .hashIPPortNet),
    ]

    @Test(arguments: samples) func `an entry reads back as it is written`(text: String, type: IPSetType) throws {
        let entry = try #require(IPSetEntry(text, type: type))
        #expect(entry.description == text)
    }

    @Test(arguments: samples) func `an entry is of one type only, but that a single address is a network too`(
        text: String, type: IPSetType
    ) {
        for other in IPSetType.allCases where other != type {
            let isNetworkOfOne = type == .hashIPPortIP && other == .hashIPPortNet
            #expect((IPSetEntry(text, type: other) != nil) == isNetworkOfOne, "\(text) as \(other.rawValue)")
        }
    }

    @Test func `any entry of both families survives being written and read`() throws {
        var generator = SeededGenerator(seed: 20_260_101)
        for _ in 0..<2_000 {
            let family: IPFamily = Bool.random(using: &generator) ? .v4 : .v6
            let transport = try #require(TransportProtocol.allCases.randomElement(using: &generator))
            let port = UInt16.random(in: 0...UInt16.max, using: &generator)
            let (first, second) = (generator.address(family), generator.address(family))
            let network = try #require(
                IPPrefix(second, length: UInt8.random(in: 0...family.bitWidth, using: &generator)))
            let entries: [(IPSetEntry, IPSetType)] = [
                (.port(port), .bitmapPort),
                (.ip(first), .hashIP),
                (.ipPort(first, transport, port), .hashIPPort),
                (.ipPortIP(first, transport, port, second), .hashIPPortIP),
                (.ipPortNet(first, transport, port, network), .hashIPPortNet),
            ]
            for (entry, type) in entries {
                #expect(IPSetEntry(entry.description, type: type) == entry)
            }
        }
    }

    @Test func `ipset leaves out the length of a network that is one address`() {
        #expect(
            IPSetEntry("10.0.0.1,tcp:80,10.1.2.3", type: .hashIPPortNet)
                == IPSetEntry("10.0.0.1,tcp:80,10.1.2.3/32", type: .hashIPPortNet))
    }

    @Test func `a protocol may be a number, as ipset prints it without etc protocols`() {
        #expect(IPSetEntry("10.0.0.1,132:80", type: .hashIPPort) == IPSetEntry("10.0.0.1,sctp:80", type: .hashIPPort))
    }

    @Test(
        arguments: [
            ("", .bitmapPort), ("65536", .bitmapPort), ("-1", .bitmapPort), ("80-90", .bitmapPort),
            ("tcp:80", .bitmapPort),
            ("", .hashIP), ("10.0.0", .hashIP), ("10.0.0.0/24", .hashIP),
            ("10.0.0.1,tcp:", .hashIPPort), ("10.0.0.1,:80", .hashIPPort), ("10.0.0.1,icmp:8/0", .hashIPPort),
            ("10.0.0.1,tcp:80,", .hashIPPort), ("10.0.0.1,tcp", .hashIPPort), ("10.0.0.1 tcp:80", .hashIPPort),
            ("10.0.0.1,tcp:80,", .hashIPPortIP), ("10.0.0.1,tcp:80,10.0.0.1,10.0.0.1", .hashIPPortIP),
            ("10.0.0.1,tcp:80,10.0.0.0/33", .hashIPPortNet), ("10.0.0.1,tcp:80,10.0.0.0/", .hashIPPortNet),
        ] as [(String, IPSetType)]) func `what is not an entry is refused`(text: String, type: IPSetType)
    {
        #expect(IPSetEntry(text, type: type) == nil)
    }
}

extension SeededGenerator {
    mutating func address(_ family: IPFamily) -> IPAddress {
        switch family {
        case .v4: IPAddress(v4: UInt32(truncatingIfNeeded: next()))
        // Half of the groups are zero, so that text is shortened.
        case .v6: IPAddress(high: 0xfd00 << 48 | (next() & 0xffff_0000_ffff), low: next() & 0xffff_0000_0000_ffff)
        }
    }
}
