// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import DataplaneTesting
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    /// Sets of our names that somebody made before the start, under rules of both variants of iptables.
    @Suite(.serialized) struct SetReplacementTests {
        private static let start = ContinuousClock().now
        private static let name = "KUBE-CLUSTER-IP"
        private let fake = FakeDataplane()
        private let sets = KernelIPSet()

        private func reconciler() -> FamilyReconciler<Int> {
            var reconciler = FamilyReconciler<Int>(
                family: .v4, ruleConfiguration: RuleConfiguration(), gracefulTimeout: .seconds(900))
            var contribution = Contribution()
            contribution.setEntries = Self.members.map { SetMembership(.clusterIP, $0) }
            reconciler.replaceContribution(of: 1, with: contribution)
            return reconciler
        }

        private static let members = (1...20).map { IPSetEntry.ipPort(IPAddress(v4: 0x0a60_0000 + $0), .tcp, 80) }

        private func dataplane(_ variant: IPTablesVariant) async throws -> Dataplane {
            Dataplane(
                ipvs: fake.ipvs, sets: sets, addresses: fake.addresses,
                rules: try await KernelIPTables.open(variant: variant))
        }

        /// Leaves neither rules nor sets.
        private func clear(_ variant: IPTablesVariant) async throws {
            try await command(
                ["iptables-\(variant.rawValue)-restore"], input: "*nat\nCOMMIT\n*filter\nCOMMIT\n*raw\nCOMMIT\n")
            for set in ServiceSet.allCases {
                for name in [set.name(for: .v4), set.replacementName(for: .v4)] {
                    _ = try? sets.destroyReleased(name)
                }
            }
            for name in ["FOREIGN-LIST", "FOREIGN"] { _ = try? sets.destroyReleased(name) }
        }

        private func expectReplaced(_ report: PassReport) async throws {
            #expect(report.isComplete, "\(report.failures) \(report.refusals)")
            let definition = try #require(try sets.definition(ofSetNamed: Self.name))
            #expect(ObservedSet(definition).isOfKind(IPSetDefinition(.clusterIP, .v4)))
            #expect(try sets.contents(ofSetNamed: Self.name)?.1 == Set(Self.members))
            #expect(try sets.contents(ofSetNamed: ServiceSet.clusterIP.replacementName(for: .v4)) == nil)
        }

        private static let foreignSets = [
            "hash:ip,port timeout 5", "hash:ip,port counters comment skbinfo", "hash:ip,port forceadd",
            "hash:ip,port maxelem 3 hashsize 64", "hash:ip,port family inet6", "hash:ip", "hash:ip netmask 24",
            "hash:net", "hash:ip,port,ip", "hash:mac", "bitmap:ip range 10.96.0.0/24", "bitmap:port range 1-5",
            "list:set",
        ]

        @Test(arguments: foreignSets, KernelFeature.iptablesVariants)
        func `whatever set is there under the name of one of ours, the first pass makes it ours, with rules or without`(
            foreign: String, variant: IPTablesVariant
        ) async throws {
            let dataplane = try await dataplane(variant)
            try await clear(variant)
            try await command(["ipset", "create", Self.name] + foreign.split(separator: " ").map(String.init))
            var first = reconciler()
            try await expectReplaced(await first.pass(.verify, at: Self.start, on: dataplane))

            // A predecessor's rules match on it.
            let rules = try await dataplane.rules.save(.v4).split(separator: "\n").filter { $0.contains(Self.name) }
            #expect(!rules.isEmpty)
            guard !foreign.contains("inet6") else {
                // iptables makes no rule of IPv4 that matches on a set of IPv6.
                return try await clear(variant)
            }
            try await replaceInPlace(foreign, dataplane)
            var second = reconciler()
            let report = await second.pass(.verify, at: Self.start, on: dataplane)
            try await expectReplaced(report)
            #expect(
                try await dataplane.rules.save(.v4).split(separator: "\n").filter { $0.contains(Self.name) } == rules)
            let next = await second.pass(.verify, at: Self.start, on: dataplane)
            #expect(next.wroteNothing, "\(next)")
            try await clear(variant)
        }

        /// Makes a set of the name, under the rules that match on it.
        private func replaceInPlace(_ foreign: String, _ dataplane: Dataplane) async throws {
            let references = SetReferences(to: Self.name, in: try await dataplane.rules.save(.v4))
            try await command("ipset", "create", "FOREIGN", "hash:ip,port")
            try await dataplane.rules.restore(try #require(references.restoreInput(referringTo: "FOREIGN")), .v4)
            try sets.destroyReleased(Self.name)
            try await command(["ipset", "create", Self.name] + foreign.split(separator: " ").map(String.init))
            try await dataplane.rules.restore(try #require(references.restoreInput(referringTo: Self.name)), .v4)
            try sets.destroyReleased("FOREIGN")
        }

        @Test(arguments: KernelFeature.iptablesVariants, ["rule", "list"])
        func `a set of another type that others hold is told of, and what is told of it works`(
            variant: IPTablesVariant, holder: String
        ) async throws {
            let dataplane = try await dataplane(variant)
            try await clear(variant)
            try await command("ipset", "create", Self.name, "hash:ip")
            let program = "iptables-\(variant.rawValue)"
            if holder == "rule" {
                try await command(
                    program, "-A", "FORWARD", "-m", "set", "--match-set", Self.name, "dst", "-j", "ACCEPT")
            } else {
                try await command("ipset", "create", "FOREIGN-LIST", "list:set")
                try await command("ipset", "add", "FOREIGN-LIST", Self.name)
            }
            var reconciler = reconciler()
            for _ in 0..<2 {
                let report = await reconciler.pass(.verify, at: Self.start, on: dataplane)
                #expect(report.failures.map(\.part) == [.ipset])
                let explanation = report.failures.first?.explanation ?? ""
                #expect(explanation.contains("cannot replace the set \(Self.name), of type hash:ip where hash:ip,port"))
                #expect(explanation.contains("the rule `-A FORWARD") == (holder == "rule"))
                #expect(explanation.contains("1 of its"))
            }
            if holder == "rule" {
                try await command(
                    program, "-D", "FORWARD", "-m", "set", "--match-set", Self.name, "dst", "-j", "ACCEPT")
            } else {
                try await command("ipset", "del", "FOREIGN-LIST", Self.name)
            }
            try await Task.sleep(for: .milliseconds(200))
            try await expectReplaced(await reconciler.pass(.verify, at: Self.start, on: dataplane))
            try await clear(variant)
        }

        @Test func `members that no Service port can have, and exceptions, do not stay`() async throws {
            let dataplane = Dataplane(
                ipvs: fake.ipvs, sets: sets, addresses: fake.addresses, rules: fake.rules)
            for variant in KernelFeature.iptablesVariants { try await clear(variant) }
            var reconciler = reconciler()
            #expect(await reconciler.pass(.verify, at: Self.start, on: dataplane).isComplete)
            let ranges = "KUBE-LOAD-BALANCER-SOURCE-CIDR"
            for (set, entry) in [
                (Self.name, "10.0.0.1,icmp:ping"), (Self.name, "10.0.0.1,udplite:80"),
                (ranges, "10.0.0.1,tcp:80,10.0.0.0/8"),
            ] {
                try await command("ipset", "add", set, entry)
            }
            try await command("ipset", "add", ranges, "10.0.0.1,tcp:80,10.1.0.0/16", "nomatch")
            let report = await reconciler.pass(.verify, at: Self.start, on: dataplane)
            try await expectReplaced(report)
            #expect(report.drift == [.set: 2])
            #expect(try await command("ipset", "list", ranges).contains("10.1.0.0") == false)
            #expect(await reconciler.pass(.verify, at: Self.start, on: dataplane).wroteNothing)
            for variant in KernelFeature.iptablesVariants { try await clear(variant) }
        }

        @Test(arguments: ["list:set", "hash:ip,port"])
        func `what a daemon that was killed left beside a set is removed`(leftOver: String) async throws {
            let dataplane = Dataplane(
                ipvs: fake.ipvs, sets: sets, addresses: fake.addresses, rules: fake.rules)
            for variant in KernelFeature.iptablesVariants { try await clear(variant) }
            let standIn = ServiceSet.clusterIP.replacementName(for: .v4)
            try await command("ipset", "create", standIn, leftOver)
            try await command("ipset", "create", Self.name, "hash:ip,port", "timeout", "5")
            var reconciler = reconciler()
            try await expectReplaced(await reconciler.pass(.verify, at: Self.start, on: dataplane))
            for variant in KernelFeature.iptablesVariants { try await clear(variant) }
        }
    }
}
