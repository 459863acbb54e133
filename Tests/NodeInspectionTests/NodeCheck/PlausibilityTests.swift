// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubeProxyConfig
import Testing

@testable import NodeInspection

/// What `check` says of values that go together with difficulty, and of sizes.
@Suite struct PlausibilityTests {
    private func local(
        _ mode: EffectiveSettings.DetectLocalMode,
        pods: [String]?,
        clusterIPs: [String] = [],
        masqueradesAll: Bool = false,
        interfaces: Set<String> = ["eth0", "cni0"]
    ) -> [String] {
        var evidence = NodeEvidence(release: "6.12.9")
        evidence.detectLocalMode = mode
        evidence.masqueradesAll = masqueradesAll
        evidence.podNetworks = pods?.compactMap { IPPrefix($0) }
        evidence.clusterIPAddresses = Set(clusterIPs.compactMap { IPAddress($0) })
        evidence.interfaces = interfaces
        return evidence.localTraffic.map { "\($0.verdict) \($0.words)" }
    }

    private func networks(_ texts: String...) -> EffectiveSettings.DetectLocalMode {
        .clusterCIDR(texts.compactMap { IPPrefix($0) })
    }

    @Test func `a pod network that is in clusterCIDR fits, and so does one that is not known`() {
        #expect(
            local(networks("10.244.0.0/16"), pods: ["10.244.3.0/24"]) == ["ok clusterCIDR 10.244.0.0/16 fits this node"]
        )
        #expect(local(networks("10.244.0.0/16"), pods: nil).count == 1)
        #expect(local(networks("10.244.0.0/16"), pods: []).first?.hasPrefix("ok ") == true)
        #expect(local(networks("10.244.3.0/24"), pods: ["10.244.3.0/24"]).first?.hasPrefix("ok ") == true)
    }

    @Test func `a pod network outside of clusterCIDR is a warning`() {
        for pods in ["10.42.3.0/24", "10.0.0.0/8"] {
            #expect(
                local(networks("10.244.0.0/16"), pods: [pods]) == [
                    "warning pods of this node have \(pods), which is not in clusterCIDR (10.244.0.0/16): their traffic to Services counts as "
                        + "coming from outside of the cluster, and is masqueraded"
                ])
        }
    }

    @Test func `families that do not match are told`() {
        let found = local(networks("10.244.0.0/16"), pods: ["10.244.3.0/24", "fd00:10:244:3::/64"])
        #expect(found.count == 1)
        #expect(
            found.first?.hasPrefix(
                "warning pods of this node have fd00:10:244:3::/64, and clusterCIDR (10.244.0.0/16) has no") == true)
        let wider = local(networks("10.244.0.0/16", "fd00:10:244::/56"), pods: ["10.244.3.0/24"])
        #expect(wider == ["notice clusterCIDR has fd00:10:244::/56, and the Node has no podCIDR of IPv6"])
    }

    @Test func `cluster IPs among the pods' addresses are a warning`() {
        let found = local(
            networks("10.0.0.0/8"), pods: ["10.244.3.0/24"], clusterIPs: ["10.96.0.10", "10.96.0.1", "fd00::1"])
        #expect(
            found == [
                "warning 2 cluster IPs (10.96.0.1, …) are in clusterCIDR (10.0.0.0/8): pods and Services share addresses"
            ])
    }

    @Test func `neither clusterCIDR nor masqueradeAll is told`() {
        #expect(
            local(networks(), pods: []).first?.hasPrefix("notice there is neither clusterCIDR nor masqueradeAll")
                == true)
        #expect(local(networks(), pods: [], masqueradesAll: true).first?.hasPrefix("ok ") == true)
    }

    @Test func `other ways to tell local traffic want a podCIDR or an interface`() {
        #expect(local(.nodeCIDR, pods: []).first?.hasPrefix("warning detectLocalMode is NodeCIDR") == true)
        #expect(local(.nodeCIDR, pods: ["10.244.3.0/24"]) == ["ok NodeCIDR fits this node"])
        #expect(local(.nodeCIDR, pods: nil) == ["ok NodeCIDR fits this node"])
        #expect(local(.bridgeInterface("cni0"), pods: nil).first?.hasPrefix("ok ") == true)
        #expect(
            local(.bridgeInterface("cbr0"), pods: nil).first?.hasPrefix("notice detectLocal.bridgeInterface: cbr0")
                == true)
        #expect(local(.interfaceNamePrefix("cni"), pods: nil).first?.hasPrefix("ok ") == true)
        #expect(
            local(.interfaceNamePrefix("veth"), pods: nil).first?.hasPrefix("notice detectLocal.interfaceNamePrefix")
                == true)
    }

    private func sizes(_ change: (inout NodeEvidence) -> Void) -> [String] {
        var evidence = NodeEvidence(release: "6.12.9")
        change(&evidence)
        return evidence.sizes.map { "\($0.verdict) \($0.subject): \($0.words)" }
    }

    @Test func `the fullest set is told, and one that is nearly full is noticed`() {
        #expect(sizes { _ in } == [])
        let half = SetFill(name: "KUBE-CLUSTER-IP", entries: 40_000, limit: 65_536)
        let full = SetFill(name: "KUBE-6-LOOP-BACK", entries: 65_000, limit: 65_536)
        #expect(
            sizes { $0.setFills = [half] } == [
                "ok sets: KUBE-CLUSTER-IP is the fullest, with 40000 of 65536 entries"
            ])
        #expect(
            sizes { $0.setFills = [half, full] } == [
                "notice sets: KUBE-6-LOOP-BACK is the fullest, with 65000 of 65536 entries; the daemon makes a larger one in its place when "
                    + "it is full"
            ])
    }

    @Test func `estimators of many servers are a warning where a timer does them all`() {
        func many(_ change: (inout NodeEvidence) -> Void) -> [String] {
            sizes {
                $0.serverCount = 50_000
                $0.runsEstimation = true
                change(&$0)
            }
        }
        #expect(many { $0.release = "5.15.0" }.first?.hasPrefix("warning estimation: rates of 50000 servers") == true)
        #expect(many { _ in }.first?.hasPrefix("notice estimation: rates of 50000 servers") == true)
        #expect(many { $0.runsEstimation = false } == [])
        #expect(many { $0.runsEstimation = nil } == [])
        #expect(many { $0.serverCount = 9_999 } == [])
    }

    @Test func `a digest has the counts, the worst first, and never more than fits`() {
        let some = [
            NodeFinding(.ok, "kernel", "6.1"), NodeFinding(.notice, "bridges", "0"),
            NodeFinding(.failure, "privileges", "none"),
            NodeFinding(.warning, "trial", "not made"), NodeFinding(.warning, "sets", "x\u{1b}[2J"),
        ]
        #expect(
            FindingDigest.text(of: some) == """
                1 failure, 2 warnings, 1 notice
                failure privileges: none
                warning trial: not made
                warning sets: x\\u{1b}[2J
                notice bridges: 0

                """)
        #expect(FindingDigest.text(of: [some[0]]) == "nothing is in the way\n")
        for length in [1, 100, 505, 4096, 100_000] {
            let words = String(repeating: "ä", count: length)
            let many = (0..<100).map { NodeFinding(.warning, "subject \($0)", words) }
            let text = FindingDigest.text(of: many)
            #expect(text.utf8.count <= 4096)
            let lines = text.split(separator: "\n")
            let told = lines.count { $0.hasPrefix("warning ") }
            #expect(lines.last == (told < 100 ? "and \(100 - told) more" : lines.last))
        }
    }
}
