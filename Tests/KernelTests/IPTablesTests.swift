// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    @Suite(.serialized) struct IPTablesTests {
        private static let closedServer: [IPFamily: VirtualServer.ID] = [
            .v4: VirtualServer.ID(address: IPAddress(v4: 0x0a09_0909), port: 443, transport: .tcp),
            .v6: VirtualServer.ID(address: IPAddress(high: 0xfd00 << 48, low: 9), port: 53, transport: .sctp),
        ]

        private static let configurations: [RuleConfiguration] = [
            RuleConfiguration(), RuleConfiguration(masqueradeMark: 1 << 31, masqueradeAll: true),
            RuleConfiguration(localDetector: .clusterCIDR(IPPrefix(host: IPAddress(v4: 0x0af4_0001)))),
            RuleConfiguration(localDetector: .clusterCIDR(IPPrefix(host: IPAddress(high: 0xfd00 << 48, low: 1)))),
            RuleConfiguration(localDetector: .bridgeInterface("cbr0")),
            RuleConfiguration(localDetector: .interfaceNamePrefix("veth"), usesRandomFully: false),
            RuleConfiguration(
                localDetector: .clusterCIDR(IPPrefix(host: IPAddress(v4: 0x0af4_0001))), ownTraffic: .isFromTheNode),
        ]

        @Test(arguments: KernelFeature.iptablesVariants, IPFamily.allCases)
        func `rules once written are found in place`(variant: IPTablesVariant, family: IPFamily) async throws {
            let bench = try await Bench(variant, family)
            let foreign = try await bench.listing()
            for configuration in Self.configurations {
                let ruleset = Ruleset(configuration, family)
                try await bench.write(ruleset)

                // Not only do they compare equal: each is printed letter for letter as it was written.
                let listing = Set(try await bench.listing())
                for chain in ServiceChain.allCases {
                    for rule in ruleset[chain] { #expect(listing.contains("-A \(chain.name) \(rule)"), "\(rule)") }
                }
                #expect(listing.isSuperset(of: foreign))
            }
            try await bench.end()
        }

        @Test(arguments: KernelFeature.iptablesVariants, IPFamily.allCases)
        func `the kernel tells whether somebody changed the rules`(
            variant: IPTablesVariant, family: IPFamily
        ) async throws {
            let bench = try await Bench(variant, family)
            try await bench.write(Ruleset(RuleConfiguration(), family))
            var fingerprint = try #require(bench.kernel.fingerprint(family))
            _ = try await bench.listing()
            #expect(bench.kernel.fingerprint(family) == fingerprint, "reading changes nothing")

            let changes = [
                ["-t", "nat", "-A", "KUBE-SERVICES", "-j", "RETURN"],
                ["-t", "nat", "-D", "KUBE-SERVICES", "-j", "RETURN"],
                ["-t", "filter", "-A", "CNI-NEW", "-s", family == .v4 ? "10.0.0.1" : "fd00::1", "-j", "ACCEPT"],
                ["-t", "filter", "-R", "CNI-NEW", "1", "-s", family == .v4 ? "10.0.0.2" : "fd00::2", "-j", "ACCEPT"],
                ["-t", "filter", "-F", "KUBE-FORWARD"],
            ]
            _ = try await command([bench.program, "-t", "filter", "-N", "CNI-NEW"])
            for change in changes {
                fingerprint = try #require(bench.kernel.fingerprint(family))
                _ = try await command([bench.program] + change)
                #expect(bench.kernel.fingerprint(family) != fingerprint, "\(change)")
            }
            try await bench.end()
        }

        @Test(arguments: KernelFeature.iptablesVariants, IPFamily.allCases)
        func `servers closed to the node come and go`(variant: IPTablesVariant, family: IPFamily) async throws {
            let bench = try await Bench(variant, family)
            let server = try #require(Self.closedServer[family])
            try await bench.write(Ruleset(RuleConfiguration(), family))
            for ownTraffic in [OwnTraffic.isFromVirtualIPs, .isFromTheNode] {
                let configuration = RuleConfiguration(ownTraffic: ownTraffic)
                let closed = Ruleset(configuration, family, closedServers: [server])
                try await bench.write(closed)
                let rules = try await bench.listing().filter { $0.hasPrefix("-A KUBE-IPVS-OUT-FILTER") }
                #expect(rules == closed[.ipvsOutFilter].map { "-A KUBE-IPVS-OUT-FILTER \($0)" })
            }
            try await bench.write(Ruleset(RuleConfiguration(), family))
            #expect(try await bench.listing().allSatisfy { !$0.hasPrefix("-A KUBE-IPVS-OUT-FILTER") })
            try await bench.end()
        }

        @Test(arguments: KernelFeature.iptablesVariants, IPFamily.allCases)
        func `on a fresh node the jumps come in kube-proxy's order, before the rules of others`(
            variant: IPTablesVariant, family: IPFamily
        ) async throws {
            let bench = try await Bench(variant, family)
            try await bench.write(Ruleset(RuleConfiguration(), family))
            func targets(_ origin: String, _ table: String) async throws -> [Substring] {
                let rules = try await command([bench.program] + ["-t", table, "-S", origin])
                return rules.split(separator: "\n").dropFirst().compactMap { $0.split(separator: " ").last }
            }
            #expect(
                try await targets("INPUT", "filter") == [
                    "KUBE-IPVS-FILTER", "KUBE-PROXY-FIREWALL", "KUBE-NODE-PORT", "ACCEPT",
                ])
            #expect(try await targets("FORWARD", "filter") == ["KUBE-PROXY-FIREWALL", "KUBE-FORWARD", "DROP"])
            #expect(try await targets("OUTPUT", "filter") == ["KUBE-IPVS-OUT-FILTER"])
            #expect(try await targets("OUTPUT", "nat") == ["KUBE-SERVICES", "CNI-X"])
            #expect(try await targets("PREROUTING", "nat") == ["KUBE-SERVICES"])
            #expect(try await targets("POSTROUTING", "nat") == ["KUBE-POSTROUTING"])
            try await bench.end()
        }

        @Test(arguments: KernelFeature.iptablesVariants, IPFamily.allCases)
        func `what was tampered with is repaired, and only that is touched`(
            variant: IPTablesVariant, family: IPFamily
        ) async throws {
            let bench = try await Bench(variant, family)
            let ruleset = Ruleset(RuleConfiguration(), family)
            try await bench.write(ruleset)
            let whole = try await bench.listing()

            let tampering: [([String], [String])] = [
                (["-t", "nat", "-D", "KUBE-POSTROUTING", "2"], [":KUBE-POSTROUTING"]),
                (["-t", "nat", "-F", "KUBE-MARK-MASQ"], [":KUBE-MARK-MASQ"]),
                (["-t", "nat", "-D", "OUTPUT", "1"], ["-I OUTPUT"]),
                (["-t", "filter", "-I", "KUBE-IPVS-FILTER", "-j", "RETURN"], [":KUBE-IPVS-FILTER"]),
                (["-t", "filter", "-A", "KUBE-IPVS-OUT-FILTER", "-j", "DROP"], [":KUBE-IPVS-OUT-FILTER"]),
                (["-t", "filter", "-F", "FORWARD"], ["-I FORWARD", "-I FORWARD"]),
            ]
            for (arguments, repair) in tampering {
                _ = try await command([bench.program] + arguments)
                let input = try #require(ruleset.restoreInput(over: try await bench.installed()))
                let done = input.split(separator: "\n").filter { $0.hasPrefix(":") || $0.hasPrefix("-I") }
                #expect(
                    done.map { $0.split(separator: " ").prefix($0.hasPrefix(":") ? 1 : 2).joined(separator: " ") }
                        == repair)
                try await bench.kernel.restore(input, family)
                #expect(ruleset.restoreInput(over: try await bench.installed()) == nil)
            }
            // The rule of others in FORWARD went with the flush, and is not ours to bring back.
            #expect(
                try await Set(bench.listing())
                    == Set(whole).subtracting(["-A FORWARD -m comment --comment \"not ours\" -j DROP"]))
            try await bench.end()
        }

        @Test(arguments: KernelFeature.iptablesVariants, IPFamily.allCases)
        func `removal leaves what was there before`(variant: IPTablesVariant, family: IPFamily) async throws {
            let bench = try await Bench(variant, family)
            let before = try await bench.listing()
            #expect(Ruleset.removalInput(from: try await bench.installed()) == nil)
            try await bench.write(Ruleset(RuleConfiguration(), family))
            // Left by a proxy that ran beside us.
            try await bench.run(
                "-t", "nat", "-A", "OUTPUT", "-m", "comment", "--comment", "kubernetes service portals", "-j",
                "KUBE-SERVICES")

            let input = try #require(Ruleset.removalInput(from: try await bench.installed()))
            try await bench.kernel.restore(input, family)
            // No rule refers to the sets any more.
            for set in ServiceSet.allCases {
                try KernelIPSet().destroy(set.name(for: family))
                try KernelIPSet().create(IPSetDefinition(set, family))
            }
            #expect(try await bench.listing() == before)
            #expect(try await bench.installed().isEmpty)
            try await bench.end()
        }

        @Test(arguments: KernelFeature.iptablesVariants, IPFamily.allCases)
        func `a chain that others lead to is emptied and stays`(variant: IPTablesVariant, family: IPFamily) async throws
        {
            let bench = try await Bench(variant, family)
            try await bench.write(Ruleset(RuleConfiguration(), family))
            try await bench.run("-t", "nat", "-A", "CNI-X", "-j", "KUBE-MARK-MASQ")

            let input = try #require(Ruleset.removalInput(from: try await bench.installed()))
            try await bench.kernel.restore(input, family)
            #expect(
                try await bench.listing().filter { $0.contains("KUBE-") } == [
                    ":KUBE-MARK-MASQ - ", "-A CNI-X -j KUBE-MARK-MASQ",
                ])
            #expect(Ruleset.removalInput(from: try await bench.installed()) == nil)
            try await bench.end()
        }

        @Test(arguments: KernelFeature.iptablesVariants, IPFamily.allCases)
        func `an input that is refused changes nothing, and its line is quoted`(
            variant: IPTablesVariant, family: IPFamily
        ) async throws {
            let bench = try await Bench(variant, family)
            let before = try await bench.listing()
            let input = "*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -j KUBE-NOWHERE\nCOMMIT\n"
            let error = await #expect(throws: DataplaneError.self) { try await bench.kernel.restore(input, family) }
            #expect(error?.part == .rules)
            #expect(
                error?.explanation.contains("\(bench.program)-restore failed with exit code") == true,
                "\(error?.explanation ?? "")")
            #expect(error?.explanation.contains("(the line is: ") == true, "\(error?.explanation ?? "")")
            #expect(try await bench.listing() == before)
            try await bench.end()
        }

        @Test(arguments: KernelFeature.iptablesVariants, IPFamily.allCases)
        func `a table that iptables cannot show is no empty table`(
            variant: IPTablesVariant, family: IPFamily
        ) async throws {
            let bench = try await Bench(variant, family)
            guard variant == .nft else {
                // iptables-legacy can show all that there can be in its tables.
                #expect(try await bench.kernel.save(family).contains("*nat"))
                return try await bench.end()
            }
            let table = family == .v4 ? "ip" : "ip6"
            let rule = ["numgen", "random", "mod", "2", "0", "accept"]
            _ = try await command(["nft", "add", "rule", table, "nat", "OUTPUT"] + rule)
            let listing = try await bench.kernel.save(family)
            #expect(listing.contains("-j CNI-X"))
            #expect(listing.contains("*filter"))
            #expect(bench.kernel.unread[family]?.contains("nft list table \(table) nat") == true)
            _ = try await command("nft", "flush", "chain", table, "nat", "OUTPUT")
            _ = try await bench.kernel.save(family)
            #expect(bench.kernel.unread[family] == nil)
            try await bench.end()
        }

        @Test(arguments: KernelFeature.iptablesVariants)
        func `the family that is not written is not touched`(variant: IPTablesVariant) async throws {
            let (four, six) = (try await Bench(variant, .v4), try await Bench(variant, .v6))
            let before = try await six.listing()
            try await four.write(Ruleset(RuleConfiguration(), .v4))
            #expect(try await six.listing() == before)
            try await four.end()
            try await six.end()
        }

        @Test(arguments: KernelFeature.iptablesVariants) func `kubelet's chain decides the variant`(
            variant: IPTablesVariant
        ) async throws {
            _ = try await command(
                "ip6tables-\(variant.rawValue)", "-t", "mangle", "-N", "KUBE-IPTABLES-HINT")
            let kernel = try await KernelIPTables.open()
            #expect(kernel.variant == variant)
            #expect(kernel.reason.contains("KUBE-IPTABLES-HINT"))
            #expect(kernel.supportsRandomFully == kernel.version.isAtLeast1_6_2)
            _ = try await command(
                "ip6tables-\(variant.rawValue)", "-t", "mangle", "-X", "KUBE-IPTABLES-HINT")
        }

        @Test func `a variant that the kernel cannot serve is not taken, and is tried without a trace`() async throws {
            // Kubelet's chain is one that no packet comes through: nf_tables may take that, and not those that we need.
            let hint = "KUBE-IPTABLES-HINT"
            let hasHint = (try? await command("iptables-nft", "-t", "mangle", "-N", hint)) != nil
            let before = try? await command("nft", "list", "ruleset")
            let kernel = try await KernelIPTables.open()
            let after = try? await command("nft", "list", "ruleset")
            #expect(after == before)
            if hasHint { _ = try await command("iptables-nft", "-t", "mangle", "-X", hint) }
            guard KernelFeature.present.contains(.nftables) else {
                #expect(kernel.variant == .legacy)
                #expect(!hasHint || kernel.reason.contains("no chain of type nat"), "\(kernel.reason)")
                try await kernel.restore("*nat\n:KUBE-TRIED - [0:0]\n-A KUBE-TRIED -j RETURN\nCOMMIT\n", .v4)
                try await kernel.restore("*nat\n:KUBE-TRIED - [0:0]\n-X KUBE-TRIED\nCOMMIT\n", .v4)
                return
            }
            #expect(kernel.variant == .nft)
        }
    }
}
