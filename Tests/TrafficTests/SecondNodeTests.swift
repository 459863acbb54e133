// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// Two nodes with a daemon each. All endpoints are on the first one.
    @Suite struct SecondNodeTests {
        private static let node2 = """
            ---
            apiVersion: v1
            kind: Node
            metadata: {name: node-2, labels: {topology.kubernetes.io/zone: zone-b}}
            spec: {podCIDRs: [10.244.2.0/24, "fd00:10:244:2::/64"]}
            status:
              addresses:
                - {type: InternalIP, address: 192.168.60.20}
                - {type: InternalIP, address: "fd00:60::20"}

            """

        private func service(_ name: String, _ number: Int, spec: [String] = []) -> String {
            Manifest.service(
                name, type: "LoadBalancer", clusterIPs: ["10.96.0.\(number)", "fd00:10:96::\(number)"],
                ports: [.init(port: 80, target: 8080, nodePort: 30000 + number)],
                endpoints: ["10.244.1.11", "fd00:10:244:1::11"],
                spec: spec + [#"externalIPs: ["203.0.114.\#(number)", "fd00:114::\#(number)"]"#],
                loadBalancerVIPs: ["203.0.113.\(number)", "fd00:113::\(number)"])
        }

        @Test func `through the other node ports answer by policy, and each node tells its own health`() async throws {
            try await Cluster.with { cluster in
                try await cluster.addSecondNode()
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try cluster.write(Manifest.node + Self.node2, to: "node.yaml")
                try cluster.write(service("all", 10), to: "all.yaml")
                try cluster.write(
                    service("local", 11, spec: ["externalTrafficPolicy: Local", "healthCheckNodePort: 31011"]),
                    to: "local.yaml")
                _ = try await cluster.startDaemon()
                _ = try await cluster.startDaemon(on: .node2)

                for (host, address) in [("192.168.60.20", "192.168.60.20"), ("[fd00:60::20]", "fd00:60::20")] {
                    let seen = try await cluster.clientsSeen(at: ["http://\(host):30010/"], from: .client)
                    #expect(seen == [address])
                }
                // Nobody there is to serve it: what comes from outside gets no answer.
                let own = ["192.168.60.20", "fd00:60::20"]
                #expect(try await cluster.connected(to: own, port: 30011, from: .client).isEmpty)
                // The node and its pods are inside, and served by the endpoints elsewhere.
                let hosts = [
                    "192.168.60.20:30011", "[fd00:60::20]:30011", "10.96.0.11", "[fd00:10:96::11]", "203.0.113.11",
                    "[fd00:113::11]", "203.0.114.11", "[fd00:114::11]",
                ]
                for place in [Cluster.Place.node2, .pod5] {
                    try await cluster.expect(["pod-1"], at: hosts, from: place, requests: 1)
                }
                for (host, code) in [
                    ("192.168.50.10", "200"), ("[fd00:50::10]", "200"), ("192.168.60.20", "503"),
                    ("[fd00:60::20]", "503"),
                ] {
                    let said = try await cluster.run(
                        in: .client, "curl", "--silent", "--globoff", "--output", "/dev/null", "--write-out",
                        "%{http_code}", "http://\(host):31011/")
                    #expect(said == code, "\(host)")
                }
            }
        }
    }
}
