// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import DataplaneTesting
import KubeProxyConfig
import KubernetesObjects
import KubernetesTesting
import NodeSync
import Reconcile
import ServicePlan
import Testing

@testable import NodeInspection

/// What `explain` says, without a kernel.
@Suite struct ExplanationTests: Explaining {
    // MARK: What the kernel has

    @Test func `a Service that works is said to, with what the kernel has of each virtual IP`() throws {
        let report = report(try inspection(), kernel([(1, weight: 1, connections: 3), (2, weight: 1, connections: 4)]))
        #expect(
            report?.lines == [
                "Service shop/web works",
                "  IPv6: this node does not serve the family",
                "  IPv4 port shop/web:http (TCP)",
                "    cluster IP TCP 10.96.0.1:80: 2 endpoints",
                "      kernel: has it as planned, with 7 active connections",
                "    endpoint 10.244.0.1:8080 on this node: used",
                "    endpoint 10.244.0.2:8080 on this node: used",
            ])
    }

    @Test func `each difference between kernel and plan has a line, and what drains is none`() throws {
        let other = try #require(Scheduler("wlc"))
        let kernel = kernel(
            scheduler: other,
            [(2, weight: 5, connections: 0), (7, weight: 0, connections: 2), (8, weight: 1, connections: 0)])
        let found = try #require(report(port: "80", try inspection(), kernel))
        #expect(
            found.lines.filter { $0.contains("      kernel: ") }.map { $0.drop { $0 == " " } } == [
                "kernel: has it with scheduler wlc, no persistence, not scheduler rr, no persistence",
                "kernel: lacks real server 10.244.0.1:8080",
                "kernel: has real server 10.244.0.2:8080 with weight 5, not 1",
                "kernel: has real server 10.244.0.8:8080, which is not planned",
                "kernel: lets 10.244.0.7:8080 drain: weight 0, 2 connections",
            ])
        #expect(
            found.verdict
                == "Service shop/web does not work as it should: cluster IP TCP 10.96.0.1:80: the kernel has it with "
                + "scheduler wlc, no persistence, not scheduler rr, no persistence")
        let draining = report(try inspection(), self.kernel([(1, 1, 0), (2, 1, 0), (7, 0, 2)]))
        #expect(draining?.isGood == true)
        #expect(draining?.lines.contains("      kernel: lets 10.244.0.7:8080 drain: weight 0, 2 connections") == true)
    }

    @Test(arguments: [false, true])
    func `a setting of the kernel is a trouble of Services where they do not work without it`(isVital: Bool)
        async throws
    {
        let inspection = try inspection()
        let fake = FakeDataplane()
        await inspection.nodeReconciler().settle(on: fake.dataplane, telling: PassReports())
        var dataplane = fake.dataplane
        dataplane.settings = FakeSettings(["net/netfilter/nf_conntrack_max": "1"])
        let setting = KernelSetting(
            "net/netfilter/nf_conntrack_max", .exactly(2), purpose: "room", isVital: isVital)
        var drift = KernelDrift()
        drift.failures = await inspection.rehearse(over: dataplane, SettingsKeeper([setting])) { drift.note($0) }
        let found = try #require(report(inspection, nil, drift))
        #expect(found.isGood == !isVital)
        #expect(found.remarks.count == (isVital ? 0 : 1))
    }

    @Test
    func `an address that is not bound, and an entry that a set lacks, are troubles, and those of others are not`()
        async throws
    {
        let other = ObjectName(namespace: "shop", name: "other")
        let inspection = try inspection { $0.updates.append(.service(Sample.service("other", 9))) }
        let fake = FakeDataplane()
        await inspection.nodeReconciler().settle(on: fake.dataplane, telling: PassReports())
        func drift() async -> KernelDrift {
            var drift = KernelDrift()
            drift.failures = await inspection.rehearse(over: fake.dataplane, SettingsKeeper([])) { drift.note($0) }
            return drift
        }
        let settled = await drift()
        #expect(report(inspection, nil, settled)?.isGood == true)

        fake.addresses.bound.remove(Self.server.address)
        fake.sets.sets["KUBE-CLUSTER-IP"]?.members.remove(.ipPort(Self.server.address, .tcp, 80))
        let drifted = await drift()
        let found = try #require(report(inspection, nil, drifted))
        #expect(
            found.troubles == [
                "the kernel lacks what belongs to it: the daemon would add 10.96.0.1,tcp:80 to KUBE-CLUSTER-IP, and 1 more"
            ])
        #expect(
            found.lines.suffix(2) == [
                "kernel: the daemon would add 10.96.0.1,tcp:80 to KUBE-CLUSTER-IP",
                "kernel: the daemon would bind 10.96.0.1",
            ])
        let others = try #require(report(on: other, inspection, nil, drifted))
        #expect(!others.troubles.contains { $0.contains("the daemon would") })
    }

    @Test func `rules that the node lacks are a trouble of each Service`() async throws {
        let inspection = try inspection()
        let fake = FakeDataplane()
        var drift = KernelDrift(wanted: [])
        drift.failures = await inspection.rehearse(over: fake.dataplane, SettingsKeeper([])) { drift.note($0) }
        let found = try #require(report(inspection, nil, drift))
        #expect(found.troubles.count == 1)
        #expect(found.troubles.first?.hasPrefix("this node is not as any Service needs it: ") == true)
        #expect(found.troubles.first?.contains(" rules to be made (`kube-ipvs plan` names them)") == true)
    }

    @Test func `a kernel that cannot be asked is said once, and what was rejected of the Service is told`() throws {
        let rejection = Rejection(
            kind: "Service", object: Self.web, field: "spec.ports[1].port", reason: .invalidPort,
            explanation: "0 is no port")
        let other = Rejection(
            kind: "Service", object: ObjectName(namespace: "shop", name: "other"), field: "spec", reason: .malformed,
            explanation: "x")
        let inspection = try inspection { $0.rejections = [rejection, other] }
        let unreadable = KernelView(notes: ["kernel: no permission"]) { (_) throws(DataplaneError) in nil }
        let found = try #require(report(inspection, unreadable))
        #expect(
            found.details.suffix(2) == [
                "rejected: Service shop/web: spec.ports[1].port: 0 is no port", "kernel: no permission",
            ])
        #expect(found.troubles.count == 2)
        #expect(found.lines.count { $0.contains("kernel: ") } == 1)
    }

    // MARK: What others have

    @Test func `an explanation names the Service that has a virtual IP, and those that do not get it`() throws {
        var taker = Sample.service("aaa", 9)
        taker.name.namespace = "aaa"
        taker.externalIPs = [Self.server.address]
        let inspection = try inspection { $0.updates.append(.service(taker)) }
        let winner = try #require(report(inspection))
        #expect(winner.isGood)
        #expect(winner.lines.contains("      wanted too, and not given to aaa/aaa:http (external IP)"))
        let loser = try #require(report(on: taker.name, inspection))
        #expect(loser.troubles.contains("external IP TCP 10.96.0.1:80 is taken by shop/web:http (cluster IP)"))
        let place = try #require(loser.lines.firstIndex { $0.contains("external IP TCP 10.96.0.1:80: ") })
        #expect(
            loser.lines[(place + 1)...].prefix(2) == [
                "      taken by shop/web:http (cluster IP): aaa/aaa gets nothing of it",
                "      kernel: has it as planned, with 0 active connections",
            ])
    }

    // MARK: What is asked

    @Test(arguments: ["http", "80"])
    func `a port is chosen by its name or its number`(port: String) throws {
        #expect(report(port: port, try inspection()) != nil)
    }

    @Test(arguments: [("shop", "web", "8080"), ("shop", "nope", nil), ("web", "shop", nil)])
    func `there is no explanation of what is not there`(namespace: String, name: String, port: String?) throws {
        #expect(report(on: ObjectName(namespace: namespace, name: name), port: port, try inspection()) == nil)
    }

    @Test func `as JSON it has the keys that are documented`() throws {
        var slice = Sample.slice("web")
        slice.endpoints[1].nodeName = nil
        slice.endpoints[1].isReady = false
        slice.endpoints[1].isServing = false
        let inspection = try inspection { $0.updates[1] = .slice(slice) }
        let json = try #require(report(inspection, kernel([(1, 1, 0)]))?.json)
        #expect(
            String(decoding: json.text, as: UTF8.self) == #"""
                {"namespace":"shop","name":"web","works":true,"troubles":[],"remarks":[],"ports":[{"name":"http","protocol":"TCP",\#
                "family":"IPv4","virtualIPs":[{"kind":"clusterIP","address":"10.96.0.1","port":80,"endpoints":["10.244.0.1:8080"],\#
                "notes":["kernel: has it as planned, with 0 active connections"]}],"endpoints":[\#
                {"address":"10.244.0.1","port":8080,"node":"here","slice":"web-1","used":true,"use":"used"},\#
                {"address":"10.244.0.2","port":8080,"node":null,"slice":"web-1","used":false,"use":"not used: not ready"}]}],\#
                "notes":[]}
                """#)
    }
}
