// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import IPVSListing
import Testing

struct RestoreRulesTests {
    /// What ipvsadm cannot read again of its own output, and what is printed in its place.
    private func restorable(_ saved: String) -> String {
        saved.replacing("-f -1 ", with: "-f 4294967295 ").replacing("-s sh -b \n", with: "-s sh -b flag-3\n")
    }

    @Test func `the rules are those of ipvsadm`() throws {
        var names = NumericNames()
        let saved = RestoreRules.text(of: GoldenTable.virtualServers, names: &names)
        #expect(text(saved) == restorable(try golden("save")))
    }

    @Test func `the rules with names are those of ipvsadm`() throws {
        var names = GoldenTable.Names()
        let saved = RestoreRules.text(of: GoldenTable.virtualServers, names: &names)
        #expect(text(saved) == restorable(try golden("save-names")))
    }

    @Test func `an empty table has no rules`() {
        var names = NumericNames()
        #expect(RestoreRules.text(of: [], names: &names).isEmpty)
    }

    @Test func `a netmask with holes and an engine without persistence are kept`() {
        var names = NumericNames()
        let servers = [
            server(.udp, "10.0.0.1", 5060, "rr", persistence: 7, mask: 0xff00_ff00),
            server(.udp, "10.0.0.1", 5061, "rr", engine: "sip"),
        ]
        let expected = """
            -A -u 10.0.0.1:5060 -s rr -p 7 -M 255.0.255.0
            -A -u 10.0.0.1:5061 -s rr --pe sip

            """
        #expect(text(RestoreRules.text(of: servers, names: &names)) == expected)
    }
}
