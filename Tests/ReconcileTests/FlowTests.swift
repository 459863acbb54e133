// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

struct FlowTests {
    private static func server(_ number: UInt32) -> VirtualServer.ID {
        VirtualServer.ID(address: Sample.vip(number), port: 53, transport: .udp)
    }

    private func contribution(_ number: UInt32, endpoints: [UInt32]) -> Contribution {
        var contribution = Contribution()
        contribution.virtualServers = [
            VirtualServer(
                id: Self.server(number), configuration: Sample.configuration,
                realServers: endpoints.map(Sample.endpoint))
        ]
        contribution.servingEndpoints = endpoints.map { Sample.endpoint($0).id }
        return contribution
    }

    private func flow(to number: UInt32, answeredBy endpoint: UInt32, port: UInt16 = 1000) -> ConntrackFlow {
        let client = IPAddress(v4: 0x0a00_0001)
        let answerer = Sample.endpoint(endpoint).id
        return ConntrackFlow(
            transport: .udp,
            original: .init(
                source: client, sourcePort: port, destination: Sample.vip(number), destinationPort: 53),
            reply: .init(
                source: answerer.address, sourcePort: answerer.port, destination: client, destinationPort: port))
    }

    @Test func `flows of an endpoint that left end once its real server is gone, and no others`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([
            1: contribution(1, endpoints: [1, 2]), 2: contribution(2, endpoints: [1]),
        ])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        fake.conntrack.flows = [
            flow(to: 1, answeredBy: 1), flow(to: 1, answeredBy: 2), flow(to: 2, answeredBy: 1),
            flow(to: 9, answeredBy: 1),
        ]
        fake.clearJournal()

        reconciler.replaceContribution(of: 1, with: contribution(1, endpoints: [2]))
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(fake.journal.map { $0.prefix { $0 != " " } } == ["ipvs", "flow"])
        #expect(
            fake.conntrack.flows == [
                flow(to: 1, answeredBy: 2), flow(to: 2, answeredBy: 1), flow(to: 9, answeredBy: 1),
            ])
        #expect(report.conntrack?.deleted == 1)
        #expect(fake.conntrack.readings.last == ConntrackFilter(server: Self.server(1)))
        #expect(!reconciler.hasWork(at: Sample.start))
    }

    @Test func `an endpoint that comes, and a Service of TCP, cost no reading of flows`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([1: contribution(1, endpoints: [1]), 2: Sample.contribution(2)])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        let readings = fake.conntrack.readings.count
        reconciler.replaceContribution(of: 1, with: contribution(1, endpoints: [1, 2]))
        reconciler.replaceContribution(of: 2, with: Sample.contribution(2, endpoints: [1]))
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.conntrack == nil)
        #expect(fake.conntrack.readings.count == readings)
    }

    @Test func `without a Service of UDP nobody reads flows`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([1: Sample.contribution(1)])
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.conntrack == nil)
        #expect(fake.conntrack.readings.isEmpty)
    }

    @Test func `many Services that lose an endpoint cost one reading`() async {
        let fake = FakeDataplane()
        let numbers: [UInt32] = Array(1...50)
        var reconciler = Sample.reconciler(
            Dictionary(uniqueKeysWithValues: numbers.map { ($0, contribution($0, endpoints: [1, 2])) }))
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        fake.conntrack.flows = numbers.map { flow(to: $0, answeredBy: 1) }
        let readings = fake.conntrack.readings.count
        for number in numbers {
            reconciler.replaceContribution(of: number, with: contribution(number, endpoints: [2]))
        }
        let report = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(report.conntrack?.deleted == 50)
        #expect(fake.conntrack.readings.count == readings + 1)
    }

    @Test func `a verifying pass ends what was missed, but does not look at each retry`() async {
        let fake = FakeDataplane()
        fake.conntrack.flows = [flow(to: 1, answeredBy: 7)]
        var reconciler = Sample.reconciler([1: contribution(1, endpoints: [1])])
        // Left by a predecessor.
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(fake.conntrack.flows.isEmpty)

        fake.conntrack.flows = [flow(to: 1, answeredBy: 8)]
        let soon = await reconciler.pass(.verify, at: Sample.start.advanced(by: .seconds(1)), on: fake.dataplane)
        #expect(soon.conntrack == nil)
        let later = await reconciler.pass(.verify, at: Sample.start.advanced(by: .seconds(30)), on: fake.dataplane)
        #expect(later.conntrack?.deleted == 1)
        #expect(fake.conntrack.flows.isEmpty)
    }

    @Test func `a verifying pass looks through all flows in parts, and changes are written between them`() async {
        let fake = FakeDataplane()
        fake.conntrack.flows = (0..<9).map { flow(to: 1, answeredBy: 7, port: 2000 + $0) }
        var reconciler = Sample.reconciler([1: contribution(1, endpoints: [1, 2]), 2: contribution(2, endpoints: [1])])
        reconciler.beginVerifying()
        while fake.conntrack.flows.count == 9 {
            #expect(await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane) == nil)
            _ = await reconciler.keepRules(at: Sample.start, on: fake.rules)
        }
        #expect(fake.conntrack.flows.count == 7)

        // The walk goes on where it was, and the flows of this one are read on their own.
        fake.conntrack.flows.append(flow(to: 2, answeredBy: 1))
        reconciler.replaceContribution(of: 2, with: contribution(2, endpoints: [2]))
        let changes = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(changes.conntrack == ConntrackSweep(examined: 1, deleted: 1))

        var report: PassReport?
        while report == nil {
            report = await reconciler.continueVerifying(at: Sample.start, on: fake.dataplane)
        }
        #expect(report?.conntrack == ConntrackSweep(examined: 9, deleted: 9))
        #expect(fake.conntrack.flows.isEmpty)
        #expect(fake.conntrack.readings == [ConntrackFilter(.v4, .udp), ConntrackFilter(server: Self.server(2))])
    }

    @Test func `a look through all flows that fails is tried again with the next verifying pass`() async {
        let fake = FakeDataplane()
        fake.conntrack.flows = [flow(to: 1, answeredBy: 7)]
        fake.conntrack.isBroken = true
        var reconciler = Sample.reconciler([1: contribution(1, endpoints: [1])])
        let broken = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(broken.failures.map(\.part) == [.conntrack])
        fake.conntrack.isBroken = false
        let mended = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(mended.conntrack?.deleted == 1)
    }

    @Test func `a failure is told, and the search made up for`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([1: contribution(1, endpoints: [1, 2])])
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        fake.conntrack.flows = [flow(to: 1, answeredBy: 1)]
        fake.conntrack.isBroken = true
        reconciler.replaceContribution(of: 1, with: contribution(1, endpoints: [2]))
        let broken = await reconciler.pass(.changes, at: Sample.start, on: fake.dataplane)
        #expect(broken.failures.map(\.part) == [.conntrack])
        // The real server went all the same.
        #expect(fake.ipvs.table[Self.server(1)]?.realServers == [Sample.endpoint(2)])

        fake.conntrack.isBroken = false
        let mended = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(mended.isComplete)
        #expect(fake.conntrack.flows.isEmpty)
    }

    @Test func `a data plane without conntrack has no work left over`() async {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler([1: contribution(1, endpoints: [1, 2])])
        var dataplane = fake.dataplane
        dataplane.conntrack = nil
        _ = await reconciler.pass(.verify, at: Sample.start, on: dataplane)
        #expect(!reconciler.hasWork(at: Sample.start))
    }
}
