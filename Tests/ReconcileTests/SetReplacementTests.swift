// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

/// Sets of our names that somebody else made, and what is left of a replacement that broke off.
struct SetReplacementTests {
    private let fake = FakeDataplane()
    private var reconciler = Sample.reconciler(
        Dictionary(uniqueKeysWithValues: (1...9).map { ($0, Sample.contribution($0)) })
    )
    private static let wanted = IPSetDefinition(.clusterIP, .v4)
    private static let members = Set((1...9).map { IPSetEntry.ipPort(Sample.vip($0), .tcp, 80) })
    private static let standIn = ServiceSet.clusterIP.replacementName(for: .v4)

    private mutating func verify() async -> PassReport {
        await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
    }

    /// Rules first, as a predecessor has left them, then the set as somebody made it.
    private mutating func start(from foreign: ObservedSet, hasRules: Bool) async {
        if hasRules {
            _ = await verify()
            reconciler = Sample.reconciler(
                Dictionary(uniqueKeysWithValues: (1...9).map { ($0, Sample.contribution($0)) }))
        }
        fake.sets.sets[Self.wanted.name] = .init(definition: Self.wanted, foreign: foreign)
        fake.clearJournal()
    }

    private func expectReplaced(_ report: PassReport) {
        #expect(report.isComplete)
        #expect((report.applied[.set] ?? 0) > 0)
        let contents = fake.sets.sets[Self.wanted.name]
        #expect(contents == .init(definition: Self.wanted, members: Self.members))
        #expect(fake.sets.sets[Self.standIn] == nil)
        #expect(fake.rules.count(containing: "--match-set \(Self.standIn) ") == 0)
        #expect(fake.rules.count(containing: "--match-set \(Self.wanted.name) ") > 0)
    }

    private static let ofOurKind = ["timeout", "counters", "comment", "skbinfo", "forceadd", "netmask"].map {
        ObservedSet(
            name: wanted.name, typeName: "hash:ip,port", family: .v4, maximumElements: 65_536, foreignOptions: [$0])
    }

    private static let ofAnotherKind = [
        ObservedSet(name: wanted.name, typeName: "list:set"),
        ObservedSet(name: wanted.name, typeName: "hash:ip", family: .v4, maximumElements: 65_536),
        ObservedSet(name: wanted.name, typeName: "hash:ip,port", family: .v6, maximumElements: 65_536),
        ObservedSet(name: wanted.name, typeName: "bitmap:port", ports: 0...65_535),
        ObservedSet(name: wanted.name, typeName: "hash:mac", maximumElements: 65_536),
    ]

    @Test(arguments: ofOurKind, [true, false])
    mutating func `a set with other options is swapped for one as it should be, under the rules`(
        foreign: ObservedSet, hasRules: Bool
    ) async {
        await start(from: foreign, hasRules: hasRules)
        expectReplaced(await verify())
        if hasRules { #expect(!fake.journal.contains { $0.hasPrefix("rules") }) }
        #expect(await verify().wroteNothing)
    }

    @Test(arguments: ofAnotherKind, [true, false])
    mutating func `a set of another type or family is replaced while our rules match on a stand-in`(
        foreign: ObservedSet, hasRules: Bool
    ) async throws {
        await start(from: foreign, hasRules: hasRules)
        expectReplaced(await verify())
        #expect(await verify().wroteNothing)
        guard hasRules else { return }
        let (name, standIn) = (Self.wanted.name, Self.standIn)
        let steps = fake.journal.filter { !$0.hasPrefix("ipset add") }
        #expect(
            steps.prefix(6) == [
                "ipset create \(standIn)", "rules IPv4", "ipset destroy \(name)", "ipset create \(name)",
                "rules IPv4", "ipset destroy \(standIn)",
            ])
        // Filled before rules match on it, both times.
        let added = try #require(fake.journal.firstIndex(of: "rules IPv4"))
        #expect(fake.journal[..<added].count { $0.hasPrefix("ipset add \(standIn)") } == 9)
        let back = try #require(fake.journal.lastIndex(of: "rules IPv4"))
        #expect(fake.journal[added..<back].count { $0.hasPrefix("ipset add \(name)") } == 9)
    }

    @Test mutating func `a set that somebody replaced while the daemon ran counts as drift`() async {
        _ = await verify()
        fake.sets.sets[Self.wanted.name]?.foreign = Self.ofOurKind[0]
        let report = await verify()
        expectReplaced(report)
        #expect(report.drift == [.set: 1])
    }

    @Test mutating func `members that no Service port can have go with their set`() async {
        _ = await verify()
        var odd = ObservedSet(Self.wanted)
        odd.hasForeignMembers = true
        fake.sets.sets[Self.wanted.name]?.foreign = odd
        expectReplaced(await verify())
    }

    @Test
    mutating func `a set of another type that rules of others match on is told of with the rule, and the rest goes on`()
        async throws
    {
        await start(from: Self.ofAnotherKind[1], hasRules: true)
        let rule = "-A FORWARD -m set --match-set \(Self.wanted.name) dst -j DROP"
        try await fake.rules.restore("*filter\n\(rule)\nCOMMIT\n", .v4)
        fake.clearJournal()
        let report = await verify()
        let explanation = try #require(report.failures.first).explanation
        #expect(report.failures.count == 1)
        #expect(explanation.contains("the set KUBE-CLUSTER-IP, of type hash:ip where hash:ip,port for IPv4 is needed"))
        #expect(explanation.contains("the rule `\(rule)`"))
        #expect(!fake.journal.contains { $0.hasPrefix("rules") }, "no rule is touched in vain")
        #expect(fake.sets.sets["KUBE-IPVS-IPS"]?.members.count == 9)
        #expect(fake.ipvs.table[Sample.server(1)] != nil)
        #expect(fake.addresses.bound.count == 9)

        // Only that set is unknown: what else happens to the node is still noticed.
        let isSuspect = reconciler.noteVirtualIPs(AddressEvents(dummyLink: [Sample.vip(1): false]))
        #expect(isSuspect)

        fake.rules.removeRules(containing: "FORWARD -m set", .v4)
        fake.rules.removeRules(containing: "\(Self.wanted.name) dst -j DROP", .v4)
        expectReplaced(await verify())
    }

    @Test mutating func `when the set cannot be destroyed after all, the rules go back to it`() async {
        await start(from: Self.ofAnotherKind[1], hasRules: true)
        let count = fake.rules.count(containing: "--match-set \(Self.wanted.name) ")
        // What refers to it shows in no count.
        fake.sets.undestroyable = [Self.wanted.name]
        let report = await verify()
        #expect(report.failures.count == 1)
        #expect(fake.rules.count(containing: "--match-set \(Self.wanted.name) ") == count)
        #expect(fake.sets.sets[Self.standIn] == nil)
        fake.sets.undestroyable = []
        expectReplaced(await verify())
    }

    @Test(arguments: [true, false])
    mutating func `what a daemon that was killed left beside a set goes, once no rule matches on it`(
        isReferenced: Bool
    ) async throws {
        _ = await verify()
        var leftOver = Self.wanted
        leftOver.name = Self.standIn
        fake.sets.sets[Self.standIn] = .init(
            definition: leftOver, foreign: ObservedSet(name: Self.standIn, typeName: "list:set"))
        if isReferenced {
            // It was killed between the two changes to the rules.
            let references = SetReferences(to: Self.wanted.name, in: try await fake.rules.save(.v4))
            try await fake.rules.restore(try #require(references.restoreInput(referringTo: Self.standIn)), .v4)
            fake.sets.sets[Self.wanted.name] = nil
        }
        reconciler = Sample.reconciler(
            Dictionary(uniqueKeysWithValues: (1...9).map { ($0, Sample.contribution($0)) }))
        #expect(await verify().isComplete)
        #expect(await verify().isComplete)
        #expect(fake.sets.sets[Self.standIn] == nil)
        #expect(fake.sets.sets[Self.wanted.name]?.members == Self.members)
        #expect(fake.rules.count(containing: Self.standIn) == 0)
    }

    @Test mutating func `an entry that is refused keeps no set from being replaced or grown`() async {
        var contribution = Sample.contribution(10)
        // A prefix of length zero: the kernel takes none.
        contribution.setEntries = [
            SetMembership(
                .loadBalancerSourceCIDR,
                .ipPortNet(
                    Sample.vip(1), .tcp, 80, IPPrefix(IPAddress(v4: 0), length: 0) ?? IPPrefix(host: Sample.vip(1)))),
            SetMembership(
                .loadBalancerSourceCIDR, .ipPortNet(Sample.vip(1), .tcp, 80, IPPrefix(host: Sample.vip(2)))),
        ]
        reconciler.replaceContribution(of: 10, with: contribution)
        let set = IPSetDefinition(.loadBalancerSourceCIDR, .v4)
        fake.sets.sets[set.name] = .init(
            definition: set,
            foreign: ObservedSet(
                name: set.name, typeName: set.type.rawValue, family: .v4, maximumElements: 9,
                foreignOptions: ["timeout"]))
        let report = await verify()
        #expect(report.failures.isEmpty)
        #expect(report.refusals.map(\.attempt) == ["add 10.96.0.1,tcp:80,0.0.0.0/0 to \(set.name)"])
        #expect(fake.sets.sets[set.name]?.members.count == 1)
        #expect(fake.sets.sets[set.name]?.foreign == nil)
    }
}
