// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Testing

@testable import Reconcile

/// The flows' keeper by itself.
struct FlowKeeperTests {
    private let fake = FakeConntrack()
    private var keeper = FlowKeeper(family: .v4)
    private var desired = DesiredState<UInt32>()
    private var touched = TouchedObjects()

    private static func server(_ number: UInt32) -> VirtualServer.ID {
        VirtualServer.ID(address: Sample.vip(number), port: 53, transport: .udp)
    }

    private static func flow(to number: UInt32, answeredBy endpoint: UInt32) -> ConntrackFlow {
        let client = IPAddress(v4: 0x0a00_0001)
        let answerer = Sample.endpoint(endpoint).id
        return ConntrackFlow(
            transport: .udp,
            original: .init(source: client, sourcePort: 1000, destination: Sample.vip(number), destinationPort: 53),
            reply: .init(
                source: answerer.address, sourcePort: answerer.port, destination: client, destinationPort: 1000))
    }

    private mutating func want(_ number: UInt32, endpoints: [UInt32]) {
        var contribution = Contribution()
        contribution.virtualServers = [
            VirtualServer(
                id: Self.server(number), configuration: Sample.configuration,
                realServers: endpoints.map(Sample.endpoint))
        ]
        contribution.servingEndpoints = endpoints.map { Sample.endpoint($0).id }
        desired.replaceContribution(of: number, with: contribution, touched: &touched)
    }

    private mutating func write() -> PassReport {
        var report = PassReport(family: .v4, mode: .changes)
        keeper.take(&touched.flowServers)
        keeper.endStale(desired, on: fake, &report)
        return report
    }

    @Test mutating func `flows of an endpoint that left are ended, and what failed is tried again`() {
        want(1, endpoints: [1, 2])
        _ = write()
        fake.flows = [Self.flow(to: 1, answeredBy: 1), Self.flow(to: 1, answeredBy: 2)]
        want(1, endpoints: [2])
        fake.isBroken = true
        #expect(write().failures.map(\.part) == [.conntrack])
        #expect(keeper.hasWork)
        fake.isBroken = false
        #expect(write().conntrack?.deleted == 1)
        #expect(fake.flows == [Self.flow(to: 1, answeredBy: 2)])
        #expect(!keeper.hasWork)
    }

    @Test mutating func `a few virtual servers are asked for one by one, and many in one reading`() {
        for number: UInt32 in 1...5 { want(number, endpoints: [1]) }
        touched = TouchedObjects()
        for number: UInt32 in 1...4 { want(number, endpoints: [2]) }
        _ = write()
        #expect(fake.readings == (1...4).map { ConntrackFilter(server: Self.server($0)) })
        for number: UInt32 in 1...5 { want(number, endpoints: [3]) }
        _ = write()
        #expect(fake.readings.dropFirst(4) == [ConntrackFilter(.v4, .udp)])
    }

    @Test mutating func `a search through all flows that another one interrupts begins anew`() throws {
        want(1, endpoints: [2])
        fake.flows = (1...9).map { Self.flow(to: 1, answeredBy: $0) }
        var report = PassReport(family: .v4, mode: .verify)
        #expect(keeper.isSweepDue(desired, at: Sample.start))
        keeper.beginVerifying()
        #expect(keeper.verifyNext(desired, at: Sample.start, on: fake, &report))
        var other = KernelReading(of: FilteredFlows(matching: ConntrackFilter(.v6, .udp)))
        #expect(try fake.deleteNextFlows(&other) { _ in false } == .complete)
        while keeper.verifyNext(desired, at: Sample.start, on: fake, &report) {}
        #expect(report.conntrack?.deleted == 8)
        #expect(fake.flows == [Self.flow(to: 1, answeredBy: 2)])
        #expect(!keeper.isSweepDue(desired, at: Sample.start))
        #expect(keeper.isSweepDue(desired, at: Sample.start.advanced(by: FlowKeeper.sweepInterval)))
    }
}
