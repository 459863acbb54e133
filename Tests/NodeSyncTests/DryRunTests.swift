// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import KubernetesObjects
import NodeSync
import Reconcile
import ServicePlan
import Testing

/// A daemon that only looks, on a node that another one keeps.
struct DryRunTests {
    private let clock = ManualClock()
    private let fake = FakeDataplane()
    private let observer: Observer

    private final class Observer: PassObserver {
        let dryRun: DryRun
        var reports: [PassReport] = []

        init(_ dryRun: DryRun) {
            self.dryRun = dryRun
        }

        func passEnded(_ pass: EndedPass, of family: FamilyPasses) {
            reports.append(dryRun.passEnded(pass, of: family).report)
        }

        func rulesKept(_ report: PassReport, took duration: Duration, at now: Instant) {
            reports.append(dryRun.take(rules: report))
        }
    }

    init() {
        observer = Observer(DryRun(of: fake.dataplane))
    }

    private var updates: [ObjectUpdate] {
        (1...3).flatMap { [.service(Sample.service($0)), .slice(Sample.slice($0, endpoints: [1, 2]))] }
    }

    private func keptNode() async -> NodeReconciler {
        let node = Sample.node(clock, families: [.v4])
        node.apply(updates)
        await node.settle(on: fake.dataplane, telling: PassReports())
        fake.clearJournal()
        return node
    }

    private func lookingNode() -> NodeReconciler {
        let node = Sample.node(clock, families: [.v4])
        node.apply(updates)
        return node
    }

    /// Two verifying passes, as the daemon makes them.
    private func look(_ node: NodeReconciler) async -> [String] {
        for _ in 1...2 {
            node.verifySoon()
            repeat {
                let step = await node.step(on: observer.dryRun.dataplane, telling: observer)
                observer.dryRun.stepEnded()
                if !node.isVerifying { observer.dryRun.renew() }
                for var work in step.rules {
                    await work.run(on: observer.dryRun.dataplane.rules)
                    node.takeBack(work, took: .zero)
                }
                if step.rules.isEmpty, !step.next.isDue(at: clock.now) { break }
            } while true
        }
        return observer.dryRun.differences.names
    }

    @Test func `a node that is kept as it is wanted has no differences`() async {
        _ = await keptNode()
        #expect(await look(lookingNode()) == [])
        #expect(observer.reports.contains { $0.mode == .verify } && observer.reports.contains { $0.mode == .rules })
        #expect(observer.reports.allSatisfy { $0.isComplete })
    }

    @Test func `each object that others break is one difference until it is mended, and nothing is written`() async {
        let other = await keptNode()
        let node = lookingNode()
        #expect(await look(node) == [])
        let vip = IPAddress(v4: 0x0a60_0001)
        let server = VirtualServer.ID(address: vip, port: 80, transport: .tcp)
        let endpoint = RealServer.ID(address: IPAddress(v4: 0x0af4_0001), port: 8080)
        let breaks: [(String, (FakeDataplane) -> Void)] = [
            ("add real server", { $0.ipvs.table.apply(.removeRealServer(endpoint, from: server)) }),
            (
                "edit real server",
                { $0.ipvs.table.apply(.editRealServer(RealServer(id: endpoint, weight: 7), of: server)) }
            ),
            ("add virtual server", { $0.ipvs.table.apply(.removeVirtualServer(server)) }),
            ("add 10.96.0.1,tcp:80 to", { $0.sets.sets["KUBE-CLUSTER-IP"]?.members.remove(.ipPort(vip, .tcp, 80)) }),
            ("bind 10.96.0.1", { $0.addresses.bound.remove(vip) }),
            (
                "IPv4 add rule: nat -A KUBE-MARK-MASQ",
                { $0.rules.removeRules(containing: "-j MARK --set-xmark 0x4000/0x4000", .v4) }
            ),
            ("IPv4 insert rule: nat -I PREROUTING", { $0.rules.removeRules(containing: "service portals", .v4) }),
        ]
        for (words, breakIt) in breaks {
            breakIt(fake)
            fake.clearJournal()
            let found = await look(node)
            // The last one is of two chains.
            #expect(found.count == (words.contains("PREROUTING") ? 2 : 1), "\(words): \(found)")
            #expect(found.contains { $0.hasPrefix(words) }, "\(words): \(found)")
            #expect(fake.journal == [])
            other.verifySoon()
            await other.settle(on: fake.dataplane, telling: PassReports())
            #expect(await look(node) == [], "\(words)")
        }
    }

    @Test func `a difference counts once it is found twice, and asks for another look`() async {
        _ = await keptNode()
        let node = lookingNode()
        _ = await look(node)
        _ = observer.dryRun.takeWish()
        fake.addresses.bound.remove(IPAddress(v4: 0x0a60_0001))
        node.verifySoon()
        await node.settle(on: observer.dryRun.dataplane, telling: observer)
        #expect(observer.dryRun.differences.isEmpty)
        #expect(observer.dryRun.takeWish() && !observer.dryRun.takeWish())
        #expect(await look(node) == ["bind 10.96.0.1"])
    }

    @Test func `what a change of Services would write is no difference, since the other proxy writes it too`() async {
        let other = await keptNode()
        let node = lookingNode()
        _ = await look(node)
        let change = ObjectUpdate.slice(Sample.slice(2, endpoints: [1, 2, 3]))
        node.apply([change])
        await node.settle(on: observer.dryRun.dataplane, telling: observer)
        observer.dryRun.stepEnded()
        other.apply([change])
        await other.settle(on: fake.dataplane, telling: PassReports())
        #expect(await look(node) == [])
    }

    @Test func `sets without members and their rules may be missing, as kube-proxy leaves out rules`() async {
        _ = await keptNode()
        fake.sets.sets["KUBE-EXTERNAL-IP"] = nil
        fake.rules.removeRules(containing: "KUBE-EXTERNAL-IP ", .v4)
        #expect(await look(lookingNode()) == [])
    }

    @Test func `a set that is missing is one difference, as long as it is missing`() async {
        _ = await keptNode()
        let node = lookingNode()
        fake.sets.sets["KUBE-CLUSTER-IP"] = nil
        let words = ["create set KUBE-CLUSTER-IP of type hash:ip,port"]
        #expect(await look(node) == words)
        #expect(await look(node) == words)
    }
}
