// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

/// Rules that are kept beside the passes.
struct RulesWorkTests {
    private let fake = FakeDataplane()
    private var reconciler = Sample.reconciler([1: Sample.contribution(1)])

    private static func after(_ duration: Duration) -> ContinuousClock.Instant { Sample.start.advanced(by: duration) }

    private mutating func verify(at now: ContinuousClock.Instant = Sample.start) async -> PassReport? {
        reconciler.beginVerifying()
        while !reconciler.isWaitingForRules {
            if let report = await reconciler.continueVerifying(at: now, on: fake.dataplane) { return report }
        }
        return nil
    }

    /// A first pass, and one that finds that the kernel cannot tell whether its rules have changed.
    private mutating func settle() async {
        fake.rules.hasFingerprint = false
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(await verify()?.wroteNothing == true)
        fake.clearJournal()
    }

    private mutating func keepRules(at now: ContinuousClock.Instant = Sample.start) async throws -> PassReport {
        let begun = reconciler.beginRules(at: now)
        var work = try #require(begun)
        await work.run(on: fake.rules)
        return reconciler.endRules(work, at: now)
    }

    @Test mutating func `the first pass binds no address before the rules are there`() async throws {
        #expect(await verify() == nil)
        #expect(reconciler.isWaitingForRules)
        #expect(fake.ipvs.table[Sample.server(1)] != nil)
        #expect(fake.addresses.bound.isEmpty)
        // Changes are written meanwhile, but attract nothing.
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2))
        #expect(reconciler.takesChanges)
        #expect(reconciler.writeChanges(at: Sample.start, on: fake.dataplane).failures.isEmpty)
        #expect(fake.ipvs.table[Sample.server(2)] != nil)
        #expect(fake.addresses.bound.isEmpty)

        #expect(try await keepRules().applied == [.rules: 1])
        while await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane) == nil {}
        #expect(fake.addresses.bound == [Sample.vip(1), Sample.vip(2)])
    }

    @Test mutating func `the first pass goes on when the rules have failed`() async throws {
        fake.rules.brokenFamilies = [.v4]
        #expect(await verify() == nil)
        #expect(try await keepRules().failures.map(\.part) == [.rules])
        while await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane) == nil {}
        #expect(fake.addresses.bound == [Sample.vip(1)])
    }

    @Test mutating func `a later pass does not wait for rules that are under way`() async throws {
        await settle()
        let work = reconciler.beginRules(at: Sample.start)
        #expect(work != nil)
        fake.ipvs.table[Sample.server(1)] = nil
        #expect(await verify()?.drift == [.virtualServer: 1])
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2))
        #expect(reconciler.writeChanges(at: Sample.start, on: fake.dataplane).isComplete)
        #expect(fake.addresses.bound == [Sample.vip(1), Sample.vip(2)])
        #expect(reconciler.beginRules(at: Sample.start) == nil, "there is one at a time")
    }

    @Test mutating func `rules in place are left alone`() async throws {
        await settle()
        #expect(try await keepRules().wroteNothing)
        #expect(reconciler.beginRules(at: Sample.start) == nil)
    }

    @Test mutating func `rules that are missing are put back and counted`() async throws {
        await settle()
        fake.rules.removeRules(containing: "KUBE-MARK-MASQ", .v4)
        let report = try await keepRules()
        #expect(report.applied == [.rules: 1])
        #expect(report.drift == [.rules: 1])
        #expect(fake.journal == ["rules IPv4"])
    }

    /// A daemon with `--virtual-ips=routes` has left its rules.
    @Test(arguments: [false, true])
    mutating func `rules for routes stay until virtual IPs are addresses, and go then`(areUnderWay: Bool) async throws {
        let predecessor = RuleConfiguration(ownTraffic: .isFromTheNode)
        let left = try #require(Ruleset(predecessor, .v4).restoreInput(over: InstalledRules("")))
        try await fake.rules.restore(left, .v4)
        // The rules differ in something else too.
        var closed = Sample.contribution(1)
        closed.serversClosedToNode = [Sample.server(1)]
        reconciler.replaceContribution(of: 1, with: closed)

        #expect(await verify() == nil)
        #expect(try await keepRules().applied == [.rules: 1])
        #expect(fake.addresses.bound.isEmpty)
        #expect(fake.rules.count(containing: "-m addrtype --src-type LOCAL -j KUBE-MARK-MASQ") == 3)
        #expect(fake.rules.count(containing: "-m ipvs --vproto") == 1)
        // Somebody changes something of them meanwhile, and the work that mends it ends after the pass.
        var late: RulesWork?
        if areUnderWay {
            closed.serversClosedToNode = []
            reconciler.replaceContribution(of: 1, with: closed)
            #expect(reconciler.writeChanges(at: Sample.start, on: fake.dataplane).failures.isEmpty)
            late = reconciler.beginRules(at: Sample.start)
            #expect(late != nil)
        }
        while await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane) == nil {}
        #expect(fake.addresses.bound == [Sample.vip(1)])
        if var work = late.take() {
            await work.run(on: fake.rules)
            #expect(reconciler.endRules(work, at: Sample.start).failures.isEmpty)
            #expect(fake.rules.count(containing: "-m ipvs --vproto") == 0)
        }
        #expect(try await keepRules().applied == [.rules: 1])
        #expect(fake.rules.count(containing: "--src-type LOCAL -j KUBE-MARK-MASQ") == 0)
        #expect(fake.rules.count(containing: "src,dst -j KUBE-MARK-MASQ") == 3)
        #expect(reconciler.beginRules(at: Sample.start) == nil)
        // Those of a stranger later on are drift as any.
        try await fake.rules.restore(left, .v4)
        #expect(await verify()?.failures.isEmpty == true)
        #expect(try await keepRules().drift == [.rules: 1])
        #expect(fake.rules.count(containing: "src,dst -j KUBE-MARK-MASQ") == 3)
    }

    @Test mutating func `rules for routes stay while virtual IPs cannot be read, and go once they are addresses`()
        async throws
    {
        let predecessor = RuleConfiguration(ownTraffic: .isFromTheNode)
        try await fake.rules.restore(#require(Ruleset(predecessor, .v4).restoreInput(over: InstalledRules(""))), .v4)
        fake.addresses.routes = [LocalRoute(Sample.vip(1))]
        let areForRoutes = { [fake] in fake.rules.count(containing: "--src-type LOCAL -j KUBE-MARK-MASQ") == 3 }

        fake.addresses.failNextListing()
        let failed = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(failed.failures.map(\.part) == [.addresses])
        #expect(fake.addresses.bound.isEmpty && fake.addresses.routes.count == 1)
        #expect(areForRoutes())
        // Nor are they given up when something else of them changes.
        var closed = Sample.contribution(1)
        closed.serversClosedToNode = [Sample.server(1)]
        reconciler.replaceContribution(of: 1, with: closed)
        #expect(try await keepRules().applied == [.rules: 1])
        #expect(areForRoutes())

        let whole = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(whole.failures.isEmpty)
        #expect(fake.addresses.bound == [Sample.vip(1)] && fake.addresses.routes.isEmpty)
        #expect(!areForRoutes())
        #expect(fake.rules.count(containing: "src,dst -j KUBE-MARK-MASQ") == 3)
    }

    @Test mutating func `what is wanted while rules are under way is written by the next work`() async throws {
        await settle()
        let begun = reconciler.beginRules(at: Sample.start)
        var work = try #require(begun)
        var closed = Sample.contribution(1)
        closed.serversClosedToNode = [Sample.server(1)]
        reconciler.replaceContribution(of: 1, with: closed)
        await work.run(on: fake.rules)
        #expect(reconciler.endRules(work, at: Sample.start).wroteNothing)
        #expect(try await keepRules().applied == [.rules: 1])
    }

    @Test mutating func `rules that failed are tried again after a growing delay, and changes do not try them sooner`()
        async throws
    {
        await settle()
        fake.rules.brokenFamilies = [.v4]
        var now = Sample.start
        var delays: [Duration] = []
        for number in 2..<14 as Range<UInt32> {
            #expect(try await keepRules(at: now).failures.map(\.part) == [.rules])
            var closed = Sample.contribution(number)
            closed.serversClosedToNode = [Sample.server(number)]
            reconciler.replaceContribution(of: number, with: closed)
            #expect(reconciler.writeChanges(at: now, on: fake.dataplane).failures.isEmpty)
            let next = try #require(reconciler.nextRules(at: now))
            #expect(reconciler.beginRules(at: next.advanced(by: .milliseconds(-1))) == nil)
            delays.append(now.duration(to: next))
            now = next
        }
        #expect(delays[..<3] == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
        #expect(delays[9...].allSatisfy { $0 == .seconds(30) })
        fake.rules.brokenFamilies = []
        #expect(try await keepRules(at: now).applied == [.rules: 1])
    }

    /// The program waits for it, and fails after five seconds of that.
    @Test
    mutating func `rules that another program's lock kept from being written are tried again at once, however often`()
        async throws
    {
        await settle()
        fake.rules.removeRules(containing: "KUBE-MARK-MASQ", .v4)
        (fake.rules.brokenFamilies, fake.rules.lockIsHeld) = ([.v4], true)
        var now = Sample.start
        for _ in 0..<12 {
            #expect(try await keepRules(at: now).failures.map(\.number) == [DataplaneError.rulesLockHeld])
            let next = try #require(reconciler.nextRules(at: now))
            #expect(now.duration(to: next) == .milliseconds(100))
            now = next
        }
        fake.rules.brokenFamilies = []
        #expect(try await keepRules(at: now).applied == [.rules: 1])
    }
}
