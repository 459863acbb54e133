import Addressing
import DataplaneModel
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

    @Test func `members are read from a listing with options and exceptions`() throws {
        let listing = """
            Name: A
            Type: hash:ip,port,net
            Revision: 8
            Header: family inet hashsize 1024 maxelem 65536 counters comment bucketsize 12 initval 0x1
            Size in memory: 456
            References: 0
            Number of entries: 4
            Members:
            10.0.0.1,tcp:80,10.1.0.0/16 packets 0 bytes 0 comment "a b"
            10.0.0.1,tcp:81,10.1.0.0/16 nomatch packets 0 bytes 0
            10.0.0.1,icmp:echo-request,10.1.0.0/16
            10.0.0.2,udp:53,10.1.2.3

            """
        let entries = IPSetEntry.entries(inListing: Array(listing.utf8), type: .hashIPPortNet)
        #expect(
            entries
                == Set(
                    try ["10.0.0.1,tcp:80,10.1.0.0/16", "10.0.0.2,udp:53,10.1.2.3"].map {
                        try #require(IPSetEntry($0, type: .hashIPPortNet))
                    }))
    }
}

@Suite struct IPSetDefinitionListingTests {
    private func definition(
        _ name: String, _ type: String, _ header: String
    ) throws(IPSetDefinition.Unusable) -> IPSetDefinition {
        try IPSetDefinition(
            listingHeader: "Name: \(name)\nType: \(type)\nRevision: 6\nHeader: \(header)\nSize in memory: 192\n")
    }

    @Test func `a hash set has its family and size from the header`() throws {
        let found = try definition(
            "KUBE-6-X", "hash:ip,port", "family inet6 hashsize 4096 maxelem 131072 bucketsize 12")
        #expect(found == IPSetDefinition(name: "KUBE-6-X", type: .hashIPPort, family: .v6, maximumElements: 131_072))
    }

    @Test(arguments: IPFamily.allCases) func `a bitmap has its family from its name`(family: IPFamily) throws {
        let wanted = IPSetDefinition(.nodePortTCP, family)
        #expect(try definition(wanted.name, "bitmap:port", "range 0-65535") == wanted)
    }

    @Test(arguments: [
        ("list:set", "size 8"), ("hash:ip", "family inet hashsize 1024 maxelem 65536 timeout 30"),
        ("hash:ip", "family inet hashsize 1024 maxelem 65536 netmask 24"),
        ("hash:ip", "family inet hashsize 1024 maxelem 65536 forceadd"), ("bitmap:port", "range 1024-2048"),
        ("hash:ip", "family inet"),
    ]) func `a set of another kind is not taken for ours`(type: String, header: String) {
        #expect(throws: IPSetDefinition.Unusable.self) { try definition("X", type, header) }
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
