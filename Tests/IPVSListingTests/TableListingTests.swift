// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import IPVSListing
import Testing

/// What ipvsadm printed is in `Golden/`.
struct TableListingTests {
    @Test(arguments: [
        ("numeric", TableListing()),
        ("stats", TableListing(columns: .statistics)),
        ("stats-exact", TableListing(columns: .statistics, exact: true)),
        ("rate", TableListing(columns: .rates)),
        ("rate-exact", TableListing(columns: .rates, exact: true)),
        ("thresholds", TableListing(columns: .thresholds)),
        ("persistent-conn", TableListing(columns: .persistentConnections)),
        ("tunnels", TableListing(columns: .tunnels)),
        ("nosort", TableListing(sorted: false)),
    ])
    func `the table is listed as ipvsadm lists it`(file: String, listing: TableListing) throws {
        var names = NumericNames()
        let listed = listing.text(of: GoldenTable.virtualServers, info: GoldenTable.info, names: &names)
        #expect(text(listed) == (try golden(file)))
    }

    @Test func `names take the place of numbers and are cut where ipvsadm cuts them`() throws {
        var names = GoldenTable.Names()
        let listed = TableListing().text(of: GoldenTable.virtualServers, info: GoldenTable.info, names: &names)
        #expect(text(listed) == (try golden("names")))
    }

    @Test func `one virtual server is listed without the line about the version`() throws {
        var names = NumericNames()
        let id = VirtualServer.ID(address: address("10.96.0.1"), port: 443, transport: .tcp)
        let server = try #require(GoldenTable.virtualServers.first { $0.identity == .address(id) })
        #expect(text(TableListing().text(of: server, names: &names)) == (try golden("service")))
    }

    @Test func `one virtual server for a firewall mark is listed with its statistics`() throws {
        var names = NumericNames()
        let server = try #require(GoldenTable.virtualServers.first { $0.identity == .firewallMark(1, .v6) })
        let listing = TableListing(columns: .statistics)
        #expect(text(listing.text(of: server, names: &names)) == (try golden("service-mark")))
    }

    @Test func `an empty table has its title`() {
        var names = NumericNames()
        let listed = TableListing().text(of: [], info: GoldenTable.info, names: &names)
        let expected = """
            IP Virtual Server version 1.2.1 (size=256)
            Prot LocalAddress:Port Scheduler Flags
              -> RemoteAddress:Port           Forward Weight ActiveConn InActConn

            """
        #expect(text(listed) == expected)
    }

    @Test(arguments: [
        (0, "        0"),
        (99_999_999, " 99999999"),
        (100_000_000, "  100000K"),
        (999_999_999, "  999999K"),
        (1_000_000_000, "    1000M"),
        (99_999_999_999, "   99999M"),
        (100_000_000_000, "     100G"),
        (99_999_999_999_999, "   99999G"),
        (100_000_000_000_000, "     100T"),
        (UInt64.max, "18446744T"),
    ])
    func `a counter is shortened from 100 million on`(counter: UInt64, expected: String) {
        #expect(row(of: counter, TableListing(columns: .statistics)).hasSuffix(expected + expected))
    }

    @Test(arguments: [
        (0, "        0"),
        (12_345_678, " 12345678"),
        (123_456_789, " 123456789"),
        (1_234_567_890_123, " 1234567890123"),
        (UInt64.max, " 18446744073709551615"),
    ])
    func `an exact counter keeps its digits and widens its column`(counter: UInt64, expected: String) {
        #expect(row(of: counter, TableListing(columns: .statistics, exact: true)).hasSuffix(expected + expected))
    }

    @Test func `rates of real servers are shortened in bytes only`() {
        var names = NumericNames()
        let rates = traffic([0, 0, 0, 0, 0], [100_000_000, 1_000_000_000, 7, 100_000_000, 1_000_000_000])
        let server = server(.tcp, "10.0.0.1", 80, "rr", traffic: rates) {
            real("10.0.0.2", 80, traffic: rates)
        }
        let lines = text(TableListing(columns: .rates).text(of: server, names: &names)).split(separator: "\n")
        #expect(lines[2] == "TCP  10.0.0.1:80                   100000K    1000M        7  100000K    1000M")
        #expect(lines[3] == "  -> 10.0.0.2:80                  100000000 1000000000        7  100000K    1000M")
    }

    /// The virtual server's line where all counters are the same.
    private func row(of counter: UInt64, _ listing: TableListing) -> String {
        var names = NumericNames()
        let counters = [UInt64](repeating: counter, count: 5)
        let server = server(.tcp, "10.0.0.1", 80, "rr", traffic: traffic(counters))
        return String(text(listing.text(of: server, names: &names)).split(separator: "\n")[2])
    }
}
