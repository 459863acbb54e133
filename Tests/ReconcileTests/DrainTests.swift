// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

struct DrainTests {
    private let fake = FakeDataplane()
    private static let server = Sample.server(1)

    /// A reconciler that has programmed endpoints 1 and 2 of one virtual server.
    private func settled() async -> FamilyReconciler<UInt32> {
        var reconciler = Sample.reconciler([1: Sample.contribution(1)])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        return reconciler
    }

    private var weights: [UInt32]? {
        fake.ipvs.table[Self.server]?.realServers.map(\.weight)
    }

    private static func after(_ seconds: Int) -> ContinuousClock.Instant {
        Sample.start.advanced(by: .seconds(seconds))
    }

    @Test func `a removed endpoint without connections goes at once`() async {
        var reconciler = await settled()
        reconciler.replaceContribution(of: 1, with: Sample.contribution(1, endpoints: [2]))
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.draining == 0)
        #expect(weights == [1])
        #expect(reconciler.nextDrainPoll == nil)
    }

    @Test func `a removed endpoint with connections keeps them at weight 0 until they have ended`() async {
        var reconciler = await settled()
        fake.ipvs.connections[Sample.endpoint(1).id] = 3
        reconciler.replaceContribution(of: 1, with: Sample.contribution(1, endpoints: [2]))
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.isComplete)
        #expect(report.draining == 1)
        #expect(weights == [0, 1])

        #expect(!reconciler.hasWork(at: Self.after(1)))
        #expect(reconciler.hasWork(at: Self.after(5)))
        fake.ipvs.connections = [:]
        let later = await reconciler.pass(.changes, at: Self.after(5), on: fake.dataplane)
        #expect(later.draining == 0)
        #expect(weights == [1])
    }

    @Test func `a drain ends after the graceful timeout whatever connections there are`() async {
        var reconciler = await settled()
        fake.ipvs.connections[Sample.endpoint(1).id] = 3
        reconciler.replaceContribution(of: 1, with: Sample.contribution(1, endpoints: [2]))
        _ = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        _ = await reconciler.pass(.changes, at: Self.after(899), on: fake.dataplane)
        #expect(weights == [0, 1])
        _ = await reconciler.pass(.changes, at: Self.after(905), on: fake.dataplane)
        #expect(weights == [1])
    }

    @Test func `an endpoint that returns gets its weight back by an edit`() async {
        var reconciler = await settled()
        fake.ipvs.connections[Sample.endpoint(1).id] = 1
        reconciler.replaceContribution(of: 1, with: Sample.contribution(1, endpoints: [2]))
        _ = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        fake.clearJournal()
        reconciler.replaceContribution(of: 1, with: Sample.contribution(1))
        let report = await reconciler.pass(.changes, at: Self.after(1), on: fake.dataplane)
        #expect(fake.ipvs.applied.last == .editRealServer(Sample.endpoint(1), of: Self.server))
        #expect(fake.journal.count == 1)
        #expect(report.draining == 0)
        #expect(weights == [1, 1])
    }

    @Test func `UDP endpoints go at once`() async {
        let udp = VirtualServer.ID(address: Sample.vip(1), port: 53, transport: .udp)
        func contribution(_ endpoints: [UInt32]) -> Contribution {
            var contribution = Contribution()
            contribution.virtualServers = [
                VirtualServer(
                    id: udp, configuration: Sample.configuration, realServers: endpoints.map(Sample.endpoint))
            ]
            return contribution
        }
        fake.ipvs.connections[Sample.endpoint(1).id] = 9
        var reconciler = Sample.reconciler([1: contribution([1, 2])])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        reconciler.replaceContribution(of: 1, with: contribution([2]))
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.draining == 0)
        #expect(fake.ipvs.table[udp]?.realServers == [Sample.endpoint(2)])
    }

    @Test func `a restart goes on with the drains that the kernel shows`() async {
        var draining = Sample.endpoint(7)
        draining.weight = 0
        fake.ipvs.table[Self.server] = IPVSTable.Entry(
            configuration: Sample.configuration,
            realServers: [Sample.endpoint(1), Sample.endpoint(2), draining]
        )
        fake.ipvs.connections[draining.id] = 1
        var reconciler = Sample.reconciler([1: Sample.contribution(1)])
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.draining == 1)
        #expect(fake.ipvs.applied.isEmpty)
        fake.ipvs.connections = [:]
        _ = await reconciler.pass(.verify, at: Self.after(30), on: fake.dataplane)
        #expect(weights == [1, 1])
    }

    @Test func `a wanted endpoint that was left at weight 0 gets its weight back`() async {
        var stuck = Sample.endpoint(1)
        stuck.weight = 0
        fake.ipvs.table[Self.server] = IPVSTable.Entry(
            configuration: Sample.configuration,
            realServers: [stuck, Sample.endpoint(2)]
        )
        var reconciler = Sample.reconciler([1: Sample.contribution(1)])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(weights == [1, 1])
    }

    @Test func `draining is not drift`() async {
        var reconciler = await settled()
        fake.ipvs.connections[Sample.endpoint(1).id] = 3
        reconciler.replaceContribution(of: 1, with: Sample.contribution(1, endpoints: [2]))
        _ = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        let report = await reconciler.pass(.verify, at: Self.after(1), on: fake.dataplane)
        #expect(report.drift.isEmpty)
        #expect(report.wroteNothing)
        #expect(report.draining == 1)
    }

    @Test func `a draining server that somebody else gave weight again is drift and drains on`() async {
        var reconciler = await settled()
        fake.ipvs.connections[Sample.endpoint(1).id] = 3
        reconciler.replaceContribution(of: 1, with: Sample.contribution(1, endpoints: [2]))
        _ = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        fake.ipvs.table[Self.server]?.realServers[0].weight = 5
        let report = await reconciler.pass(.verify, at: Self.after(1), on: fake.dataplane)
        #expect(report.drift == [.virtualServer: 1])
        #expect(weights == [0, 1])
    }

    @Test func `a draining server that somebody else removed is forgotten`() async {
        var reconciler = await settled()
        fake.ipvs.connections[Sample.endpoint(1).id] = 3
        reconciler.replaceContribution(of: 1, with: Sample.contribution(1, endpoints: [2]))
        _ = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        fake.ipvs.table[Self.server]?.realServers.removeFirst()
        let report = await reconciler.pass(.changes, at: Self.after(5), on: fake.dataplane)
        #expect(report.draining == 0)
        #expect(report.isComplete)
    }

    @Test func `virtual servers that share a pod drain apart from each other`() async {
        var reconciler = Sample.reconciler([1: Sample.contribution(1), 2: Sample.contribution(2)])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        fake.ipvs.connections[Sample.endpoint(1).id] = 3
        reconciler.replaceContribution(of: 1, with: Sample.contribution(1, endpoints: [2]))
        _ = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(weights == [0, 1])
        #expect(fake.ipvs.table[Sample.server(2)]?.realServers.map(\.weight) == [1, 1])
    }

    @Test func `a Service that goes takes its draining endpoints with it`() async {
        var reconciler = await settled()
        fake.ipvs.connections[Sample.endpoint(1).id] = 3
        reconciler.replaceContribution(of: 1, with: Sample.contribution(1, endpoints: [2]))
        _ = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        reconciler.replaceContribution(of: 1, with: Contribution())
        let report = await reconciler.pass(.changes, at: Self.after(1), on: fake.dataplane)
        #expect(report.draining == 0)
        #expect(fake.ipvs.table.entries.isEmpty)
    }
}
