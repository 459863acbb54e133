// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Testing

@testable import Reconcile

/// What somebody else changed is told by its name, and not by its number alone.
struct DriftNameTests {
    @Test func `drift names the objects that somebody else changed`() async throws {
        let fake = FakeDataplane()
        var reconciler = Sample.reconciler(
            Dictionary(uniqueKeysWithValues: (1...3).map { ($0, Sample.contribution($0)) }))
        _ = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)

        let set = ServiceSet.clusterIP.name(for: .v4)
        fake.sets.sets[set]?.members.remove(.ipPort(Sample.vip(2), .tcp, 80))
        fake.addresses.bound.remove(Sample.vip(3))
        let id = VirtualServer.ID(address: Sample.vip(1), port: 80, transport: .tcp)
        _ = try fake.ipvs.apply([.removeVirtualServer(id)])
        let report = await reconciler.pass(.verify, at: Sample.start, on: fake.dataplane)
        #expect(report.drift == [.setEntry: 1, .address: 1, .virtualServer: 1])
        #expect(
            Set(report.driftNames) == [
                "set entry \(Sample.vip(2)),tcp:80 of \(set)", "address \(Sample.vip(3))", "virtual server \(id) of 1",
            ])
    }

    @Test func `drift of very many objects names some of them`() {
        var whole = PassReport(family: .v4, mode: .verify)
        for part in 0..<3 {
            var report = PassReport(family: .v4, mode: .verify)
            report.countDrift(.address, Array(repeating: "a\(part)", count: 5000)) { $0 }
            #expect(report.driftNames.count == PassReport.mostNamed)
            whole.add(report)
        }
        #expect(whole.drift == [.address: 15000])
        #expect(whole.driftNames == Array(repeating: "a0", count: PassReport.mostNamed))
    }
}
