// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import Testing

@Suite struct JumpOrderTests {
    private static let ours = #"-m comment --comment "kubernetes service portals" -j KUBE-SERVICES"#

    /// The table nat with our jump behind some rules of others.
    private func listing(before: [String], after: [String] = [], chains: [String] = [], origin: String = "PREROUTING")
        -> String
    {
        var lines = ["*filter", "-A \(origin) -j ACCEPT", "COMMIT", "*nat", ":\(origin) ACCEPT [0:0]"]
        lines += before.map { "-A \(origin) \($0)" }
        lines += ["-A \(origin) \(Self.ours)"]
        lines += after.map { "-A \(origin) \($0)" }
        lines += chains.map { "-A \($0)" }
        return (lines + ["COMMIT", ""]).joined(separator: "\n")
    }

    @Test(arguments: ["PREROUTING", "OUTPUT"])
    func `a chain of host ports before KUBE-SERVICES is found, through the chains that it leads to`(
        origin: String
    ) throws {
        let order = JumpOrder(
            listing(
                before: ["-m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT"],
                chains: [
                    "CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 80 -j CNI-DN-1",
                    "CNI-DN-1 -s 10.88.0.0/16 -p tcp -m tcp --dport 80 -j CNI-HOSTPORT-SETMARK",
                    "CNI-DN-1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.88.0.5:80",
                    "CNI-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000",
                ], origin: origin))
        let rules = try #require(order.preceding.first)
        #expect(order.preceding.count == 1)
        #expect(rules.key.origin == origin)
        #expect(rules.value.map(\.path) == [["CNI-HOSTPORT-DNAT", "CNI-DN-1", "DNAT"]])
        #expect(
            rules.value.first?.description
                == "nat \(origin): -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT (CNI-HOSTPORT-DNAT → CNI-DN-1 → DNAT)"
        )
    }

    @Test(arguments: [
        "-p tcp -m tcp --dport 80 -j DNAT --to-destination 10.1.1.1:80", "-p tcp -j REDIRECT --to-ports 15001",
        "-i eth0 -j ACCEPT", "-d 10.96.0.0/12 -p tcp -j DNAT --to-destination 10.1.1.1",
        "! -d 10.1.1.1/32 -p tcp -j DNAT --to-destination 10.1.1.1", "-s 10.0.0.0/8 -j RETURN", "-g CNI-X",
        "-d fd00::/64 -j NETMAP --to fd01::/64", "-m set ! --match-set THEIRS dst -j DNAT --to-destination 10.1.1.1",
        "-m comment --comment \"kubernetes service portals\" -j ACCEPT",
    ]) func `a rule that can end a packet's way before KUBE-SERVICES counts`(rule: String) {
        let jump = JumpOrder.jumps.first { $0.origin == "PREROUTING" }
        let order = JumpOrder(listing(before: ["-j LOG", rule], chains: ["CNI-X -j LOG"]))
        #expect(order.preceding.count == 1)
        #expect(jump.flatMap { order.preceding[$0] }?.map(\.rule) == [rule])
    }

    @Test(arguments: [
        "-j cali-PREROUTING", "-m comment --comment \"counts only\"", "-j MARK --set-xmark 0x1/0x1", "-j LOOP",
        "-d 169.254.169.254/32 -p tcp -j DNAT --to-destination 10.1.1.1:8181", "-d fd00::1/128 -j DROP",
        "-d 10.1.1.1 -j ACCEPT", "-m set --match-set THEIRS dst,dst -j ACCEPT", "-j UNKNOWN",
    ]) func `a rule that marks, or names its destination, does not count`(rule: String) {
        let order = JumpOrder(
            listing(
                before: [rule],
                after: ["-j DNAT --to-destination 10.1.1.1"],
                chains: [
                    "cali-PREROUTING -j cali-fip-dnat", "cali-fip-dnat -d 1.2.3.4/32 -j DNAT --to-destination 10.1.1.1",
                    "cali-fip-dnat -j RETURN", "LOOP -j POOL", "POOL -j LOOP", "AWAY -j ACCEPT",
                ]))
        #expect(order.isEmpty)
    }

    @Test func `a jump that is not there, and other tables, are not judged`() {
        #expect(JumpOrder("*nat\n-A PREROUTING -j DNAT --to-destination 10.1.1.1\nCOMMIT\n").isEmpty)
        #expect(JumpOrder("*mangle\n-A PREROUTING -j ACCEPT\n-A PREROUTING \(Self.ours)\nCOMMIT\n").isEmpty)
        #expect(JumpOrder("").isEmpty)
    }

    @Test func `very many rules of others are read in no time, and few of them are kept`() {
        let many = (0..<200).map { "-p tcp -m tcp --dport \($0) -j DNAT --to-destination 10.1.1.1" }
        let chains = (0..<20_000).map { "C\($0) -j C\($0 + 1)" } + (0..<500).map { "WIDE -j C\($0)" }
        let duration = ContinuousClock().measure {
            let order = JumpOrder(listing(before: ["-j WIDE"] + many, chains: chains))
            #expect(order.preceding.values.map(\.count) == [JumpOrder.limit])
        }
        #expect(duration < .seconds(10))
    }
}
