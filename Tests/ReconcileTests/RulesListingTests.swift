import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

/// Verifying passes whose rules somebody else lists beside their other steps.
struct RulesListingTests {
    private let fake = FakeDataplane()
    private var reconciler = Sample.reconciler([1: Sample.contribution(1)])

    /// After a first pass: begins a verifying one of a kernel that cannot tell whether its rules have changed, and goes on
    /// until nothing is left to do but to look at them.
    private mutating func verifyUpToRules() async {
        fake.rules.hasFingerprint = false
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        fake.clearJournal()
        reconciler.beginVerifying()
        while !reconciler.isLeftWithRules {
            let report = await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane)
            #expect(report == nil)
        }
        #expect(reconciler.wantsRules)
    }

    private mutating func end() async -> PassReport {
        while true {
            if let report = await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane) { return report }
        }
    }

    private func listing() async throws -> String { try await fake.rules.save(.v4) }

    @Test mutating func `a listing that shows the rules in place ends the pass without another one`() async throws {
        await verifyUpToRules()
        reconciler.takeRules(.success(try await listing()))
        #expect(!reconciler.wantsRules)
        let listings = fake.rules.saveCount
        let report = await end()
        #expect(report.isComplete && report.wroteNothing)
        #expect(fake.rules.saveCount == listings)
    }

    @Test mutating func `the pass lists the rules itself where nobody does`() async {
        await verifyUpToRules()
        let listings = fake.rules.saveCount
        #expect(await end().wroteNothing)
        #expect(fake.rules.saveCount == listings + 1)
    }

    @Test mutating func `rules that a listing lacks are put back and counted`() async throws {
        await verifyUpToRules()
        fake.rules.removeRules(containing: "KUBE-MARK-MASQ", .v4)
        reconciler.takeRules(.success(try await listing()))
        let report = await end()
        #expect(report.applied == [.rules: 1])
        #expect(report.drift == [.rules: 1])
        #expect(fake.journal == ["rules IPv4"])
    }

    @Test mutating func `what the listing lacked and somebody has put back is left alone`() async throws {
        await verifyUpToRules()
        let before = try await listing()
        fake.rules.removeRules(containing: "KUBE-MARK-MASQ", .v4)
        let broken = try await listing()
        try await fake.rules.restore(before, .v4)
        fake.clearJournal()
        reconciler.takeRules(.success(broken))
        #expect(await end().wroteNothing)
    }

    @Test mutating func `a listing from before the rules were written counts for nothing`() async throws {
        await verifyUpToRules()
        let old = try await listing()
        var closed = Sample.contribution(1)
        closed.serversClosedToNode = [Sample.server(1)]
        reconciler.replaceContribution(of: 1, with: closed)
        let changes = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(changes.applied[.rules] == 1)
        #expect(!reconciler.wantsRules)
        reconciler.takeRules(.success(old))
        let report = await end()
        #expect(report.isComplete && report.wroteNothing && report.drift.isEmpty)
    }

    @Test mutating func `a listing that failed is told, and the next pass tries again`() async {
        await verifyUpToRules()
        reconciler.takeRules(.failure(DataplaneError(part: .rules, explanation: "iptables-save was not found")))
        #expect(await end().failures.map(\.part) == [.rules])
        let listings = fake.rules.saveCount
        let next = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(next.isComplete)
        #expect(fake.rules.saveCount == listings + 1)
    }
}
