// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

extension TrafficSuite {
    /// Requests from pods and from outside, through every kind of virtual IP.
    @Suite struct ServiceTests {
        private let pods: [Cluster.Place] = [.pod1, .pod2, .pod3]
        private let names: Set = ["pod-1", "pod-2", "pod-3"]
        private let four = ["10.244.1.11", "10.244.1.12", "10.244.1.13"]
        private let six = ["fd00:10:244:1::11", "fd00:10:244:1::12", "fd00:10:244:1::13"]

        @Test func `all endpoints answer at the cluster IPs of both families, to pods, the node and clients outside`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: pods, port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "web", clusterIPs: ["10.96.0.10", "fd00:10:96::10"], ports: [.init(port: 80, target: 8080)],
                        endpoints: four + six),
                    to: "web.yaml")
                _ = try await cluster.startDaemon()

                for place in [Cluster.Place.client, .pod4, .node] {
                    try await cluster.expect(names, at: ["10.96.0.10", "[fd00:10:96::10]"], from: place)
                }
            }
        }

        @Test func `a node port answers at every address of the node, and not at those of the dummy link`() async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: pods, port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "api", type: "NodePort", clusterIPs: ["10.96.0.20", "fd00:10:96::20"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30080)], endpoints: four + six),
                    to: "api.yaml")
                _ = try await cluster.startDaemon()

                let hosts = [
                    "192.168.50.10:30080", "[fd00:50::10]:30080", "198.51.100.10:30080", "[fd00:51::10]:30080",
                ]
                for place in [Cluster.Place.client, .outsider, .node, .pod4] {
                    try await cluster.expect(names, at: hosts, from: place)
                }
                for place in [Cluster.Place.client, .pod4, .node] {
                    let connected = try await cluster.connected(
                        to: ["10.96.0.20", "fd00:10:96::20"], port: 30080, from: place)
                    #expect(connected.isEmpty, "\(place)")
                }
            }
        }

        @Test func `datagrams are answered in both families`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.udp, in: pods, port: 5353)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "dns", clusterIPs: ["10.96.0.53", "fd00:10:96::53"],
                        ports: [.init(transport: "UDP", port: 53, target: 5353)], endpoints: four + six),
                    to: "dns.yaml")
                _ = try await cluster.startDaemon()

                for address in ["10.96.0.53", "fd00:10:96::53"] {
                    let answers = try await cluster.answers(toDatagramsTo: address, port: 53, from: .client)
                    #expect(Set(answers) == names, "\(address)")
                }
            }
        }

        @Test func `a pod reaches itself through every virtual IP of its own Service`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "mirror", type: "LoadBalancer", clusterIPs: ["10.96.0.40", "fd00:10:96::40"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30040)],
                        endpoints: ["10.244.1.11", "fd00:10:244:1::11"],
                        spec: [#"externalIPs: ["203.0.114.40", "fd00:114::40"]"#],
                        loadBalancerVIPs: ["203.0.113.40", "fd00:113::40"]),
                    to: "mirror.yaml")
                _ = try await cluster.startDaemon()

                let hosts = [
                    "10.96.0.40", "[fd00:10:96::40]", "192.168.50.10:30040", "[fd00:50::10]:30040", "203.0.114.40",
                    "[fd00:114::40]", "203.0.113.40", "[fd00:113::40]",
                ]
                try await cluster.expect(["pod-1"], at: hosts, from: .pod1, requests: 2)
            }
        }
    }
}
