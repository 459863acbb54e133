// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import IPVSListing
import Testing

struct ConnectionListingTests {
    private static func entries() throws -> [ConnectionEntry] {
        try goldenFile("ip_vs_conn").split(separator: "\n").dropFirst().map { line in
            try #require(ConnectionEntry(line: line.utf8), "not understood: \(line)")
        }
    }

    private func list(_ listing: ConnectionListing, _ names: inout some NameResolver) throws -> String {
        text(listing.title + listing.text(of: try Self.entries(), names: &names))
    }

    @Test func `connections are listed as ipvsadm lists them`() throws {
        var names = NumericNames()
        #expect(try list(ConnectionListing(), &names) == golden("connections"))
    }

    @Test func `names take the place of numbers`() throws {
        var names = GoldenTable.Names()
        #expect(try list(ConnectionListing(), &names) == golden("connections-names"))
    }

    @Test func `what a persistence engine remembers has its own columns`() throws {
        var names = NumericNames()
        #expect(try list(ConnectionListing(showsPersistence: true), &names) == golden("connections-persistent"))
    }

    @Test func `a line of each family is understood`() throws {
        let v4 = "TCP 0A600014 9F32 0A600014 0050 0AF40901 1F40 TIME_WAIT       115"
        #expect(
            ConnectionEntry(line: v4.utf8)
                == ConnectionEntry(
                    protocolName: "TCP",
                    client: .init(address: address("10.96.0.20"), port: 0x9f32),
                    virtual: .init(address: address("10.96.0.20"), port: 80),
                    destination: .init(address: address("10.244.9.1"), port: 8000),
                    state: "TIME_WAIT",
                    expires: 115
                )
        )
        let v6 = """
            UDP fd00:0000:0000:0000:0000:0000:0000:0020 B030 fd00:0000:0000:0000:0000:0000:0000:0021 0050 \
            0AF40901 1F40 UDP             5 sip call@host
            """
        #expect(
            ConnectionEntry(line: v6.utf8)
                == ConnectionEntry(
                    protocolName: "UDP",
                    client: .init(address: address("fd00::20"), port: 0xb030),
                    virtual: .init(address: address("fd00::21"), port: 80),
                    destination: .init(address: address("10.244.9.1"), port: 8000),
                    state: "UDP",
                    expires: 5,
                    persistence: .init(engine: "sip", data: "call@host")
                )
        )
    }

    @Test(arguments: [
        "",
        "TCP 0A600014 9F32 0A600014 0050 0AF40901 1F40 TIME_WAIT",
        "TCP 0A60001G 9F32 0A600014 0050 0AF40901 1F40 TIME_WAIT 115",
        "TCP 0A600014 19F32 0A600014 0050 0AF40901 1F40 TIME_WAIT 115",
        "TCP 0A600014 9F32 0A600014 0050 0AF40901 1F40 TIME_WAIT -1",
    ])
    func `a line of another form is not`(line: String) {
        #expect(ConnectionEntry(line: line.utf8) == nil)
    }

    @Test func `ports of a protocol that is none of the three are numbers`() throws {
        var names = GoldenTable.Names()
        let line = "IP  0A600001 0000 0A600001 0050 0AF40901 0050 NONE 6000"
        let entry = try #require(ConnectionEntry(line: line.utf8))
        let expected = """
            IP  100:00 NONE        kubernetes.default.svc.cluster.local:0 kubernetes.default.svc.cluster.local:80 10.244.9.1:80

            """
        #expect(text(ConnectionListing().text(of: [entry], names: &names)) == expected)
    }
}
