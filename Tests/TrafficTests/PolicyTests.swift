// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

extension TrafficSuite {
    /// Which endpoints answer, and what must not be reached at all.
    @Suite struct PolicyTests {
        private let pods: [Cluster.Place] = [.pod1, .pod2, .pod3]
        private let four = ["10.244.1.11", "10.244.1.12", "10.244.1.13"]
        private let six = ["fd00:10:244:1::11", "fd00:10:244:1::12", "fd00:10:244:1::13"]
        private let web = Manifest.Port(port: 80, target: 8080)

        /// The state of the endpoints of two of the three pods, in both families.
        private func states(_ state: String, of pods: [Int]) -> [String: String] {
            Dictionary(uniqueKeysWithValues: pods.flatMap { [(four[$0 - 1], state), (six[$0 - 1], state)] })
        }

        @Test func `with local policies only the node's own endpoints answer, and see who asks`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: pods, port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                let elsewhere = states(Manifest.elsewhere, of: [2, 3])
                try cluster.write(
                    Manifest.service(
                        "outer", type: "LoadBalancer", clusterIPs: ["10.96.0.50", "fd00:10:96::50"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30050)], endpoints: four + six,
                        states: elsewhere,
                        spec: ["externalTrafficPolicy: Local", #"externalIPs: ["203.0.114.50", "fd00:114::50"]"#],
                        loadBalancerVIPs: ["203.0.113.50", "fd00:113::50"]),
                    to: "outer.yaml")
                try cluster.write(
                    Manifest.service(
                        "inner", clusterIPs: ["10.96.0.51", "fd00:10:96::51"], ports: [web], endpoints: four + six,
                        states: elsewhere, spec: ["internalTrafficPolicy: Local"]),
                    to: "inner.yaml")
                try cluster.write(
                    Manifest.service(
                        "none", clusterIPs: ["10.96.0.52", "fd00:10:96::52"], ports: [web],
                        endpoints: [four[1], six[1]], states: elsewhere, spec: ["internalTrafficPolicy: Local"]),
                    to: "none.yaml")
                try cluster.write(
                    Manifest.service(
                        "remote", type: "LoadBalancer", clusterIPs: ["10.96.0.53", "fd00:10:96::53"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30053)], endpoints: [four[1], six[1]],
                        states: elsewhere, spec: ["externalTrafficPolicy: Local"],
                        loadBalancerVIPs: ["203.0.113.53", "fd00:113::53"]),
                    to: "remote.yaml")
                _ = try await cluster.startDaemon()

                for (hosts, client) in [
                    (["203.0.113.50", "203.0.114.50", "192.168.50.10:30050"], "192.168.50.100"),
                    (["[fd00:113::50]", "[fd00:114::50]", "[fd00:50::10]:30050"], "fd00:50::100"),
                ] {
                    try await cluster.expect(["pod-1"], at: hosts, from: .client)
                    try await cluster.expect(["pod-1"], at: hosts, from: .node)
                    let seen = try await cluster.clientsSeen(at: hosts.map { "http://\($0)/" }, from: .client)
                    #expect(seen == [client])
                }
                // Inside the policy for what comes from outside says nothing.
                try await cluster.expect(
                    ["pod-1", "pod-2", "pod-3"], at: ["10.96.0.50", "[fd00:10:96::50]"], from: .pod4)
                for place in [Cluster.Place.pod4, .node, .client] {
                    try await cluster.expect(["pod-1"], at: ["10.96.0.51", "[fd00:10:96::51]"], from: place)
                }
                for place in [Cluster.Place.pod4, .node, .client] {
                    let connected = try await cluster.connected(
                        to: ["10.96.0.52", "fd00:10:96::52"], port: 80, from: place)
                    #expect(connected.isEmpty, "\(place)")
                }
                // Without an endpoint of its own the node still lets its pods reach the load balancer.
                try await cluster.expect(["pod-2"], at: ["203.0.113.53", "[fd00:113::53]"], from: .pod4)
            }
        }

        @Test func `endpoints that shut down answer only where no other is left`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: pods, port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                func service(_ name: String, _ number: Int, terminating: [Int], spec: [String] = []) -> String {
                    Manifest.service(
                        name, type: "NodePort", clusterIPs: ["10.96.0.\(number)", "fd00:10:96::\(number)"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30000 + number)], endpoints: four + six,
                        states: states(Manifest.terminating, of: terminating), spec: spec)
                }
                try cluster.write(service("some", 60, terminating: [1, 2]), to: "some.yaml")
                try cluster.write(service("all", 61, terminating: [1, 2, 3]), to: "all.yaml")
                try cluster.write(
                    service("local", 62, terminating: [1, 2, 3], spec: ["externalTrafficPolicy: Local"]),
                    to: "local.yaml")
                try cluster.write(
                    service("inner", 63, terminating: [1, 2, 3], spec: ["internalTrafficPolicy: Local"]),
                    to: "inner.yaml")
                _ = try await cluster.startDaemon()

                let all: Set = ["pod-1", "pod-2", "pod-3"]
                for (number, answering) in [(60, ["pod-3"]), (61, all), (62, all), (63, all)] {
                    let hosts = [
                        "10.96.0.\(number)", "[fd00:10:96::\(number)]", "192.168.50.10:\(30000 + number)",
                        "[fd00:50::10]:\(30000 + number)",
                    ]
                    try await cluster.expect(answering, at: hosts, from: .client)
                }
            }
        }

        @Test func `a client with affinity stays with one endpoint`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: pods, port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "sticky", type: "LoadBalancer", clusterIPs: ["10.96.0.70", "fd00:10:96::70"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30070)], endpoints: four + six,
                        spec: ["sessionAffinity: ClientIP"], loadBalancerVIPs: ["203.0.113.70", "fd00:113::70"]),
                    to: "sticky.yaml")
                _ = try await cluster.startDaemon()
                for hosts in [
                    ["10.96.0.70", "192.168.50.10:30070", "203.0.113.70"],
                    ["[fd00:10:96::70]", "[fd00:50::10]:30070", "[fd00:113::70]"],
                ] {
                    for host in hosts {
                        let answers = try await cluster.answers(to: "http://\(host)/", from: .client)
                        #expect(Set(answers).count == 1, "\(host)")
                    }
                    // Another client may be sent elsewhere: three take three turns.
                    var chosen: Set<String> = []
                    for place in [Cluster.Place.client, .outsider, .pod4] {
                        chosen.formUnion(
                            try await cluster.answers(to: "http://\(hosts[0])/", from: place, requests: 2))
                    }
                    #expect(chosen == ["pod-1", "pod-2", "pod-3"], "\(hosts[0])")
                }
            }
        }

        @Test func `external IPs and load balancers answer in both families to everybody`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: pods, port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "open", type: "LoadBalancer", clusterIPs: ["10.96.0.80", "fd00:10:96::80"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30080)], endpoints: four + six,
                        spec: [#"externalIPs: ["203.0.113.81", "fd00:113::81"]"#],
                        loadBalancerVIPs: ["203.0.113.80", "fd00:113::80"]),
                    to: "open.yaml")
                _ = try await cluster.startDaemon()
                let hosts = ["203.0.113.80", "203.0.113.81", "[fd00:113::80]", "[fd00:113::81]"]
                for place in [Cluster.Place.client, .outsider, .pod1, .pod4, .node] {
                    try await cluster.expect(["pod-1", "pod-2", "pod-3"], at: hosts, from: place)
                }
            }
        }

        @Test func `source ranges let in whom they name and nobody else, and hold for the node itself too`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: pods, port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                func service(_ name: String, _ number: Int, spec: [String] = []) -> String {
                    Manifest.service(
                        name, type: "LoadBalancer", clusterIPs: ["10.96.0.\(number)", "fd00:10:96::\(number)"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30000 + number)], endpoints: four + six,
                        spec: spec, loadBalancerVIPs: ["203.0.113.\(number)", "fd00:113::\(number)"])
                }
                // The node is 192.168.50.10 and fd00:50::10, the client beside it .100, the outsider in 198.51.100.0/24.
                let node = #"loadBalancerSourceRanges: ["192.168.50.0/28", "fd00:50::/120"]"#
                let client = #"loadBalancerSourceRanges: ["192.168.50.100/32", "fd00:50::100/128"]"#
                let pods = #"loadBalancerSourceRanges: ["10.244.0.0/16", "fd00:10:244::/56"]"#
                let local = "externalTrafficPolicy: Local"
                try cluster.write(service("open", 90), to: "open.yaml")
                try cluster.write(service("node", 91, spec: [node]), to: "node-only.yaml")
                try cluster.write(service("client", 92, spec: [client]), to: "client-only.yaml")
                try cluster.write(service("pods", 93, spec: [pods]), to: "pods-only.yaml")
                try cluster.write(service("node-local", 94, spec: [node, local]), to: "node-only-local.yaml")
                try cluster.write(service("client-local", 95, spec: [client, local]), to: "client-only-local.yaml")
                _ = try await cluster.startDaemon()
                for (place, numbers) in [
                    (Cluster.Place.node, [90, 91, 94]), (.client, [90, 92, 95]), (.outsider, [90]), (.pod4, [90, 93]),
                ] {
                    func addresses(_ numbers: [Int]) -> [String] {
                        numbers.flatMap { ["203.0.113.\($0)", "fd00:113::\($0)"] }
                    }
                    let connected = try await cluster.connected(to: addresses(Array(90...95)), port: 80, from: place)
                    #expect(connected == Set(addresses(numbers)), "\(place)")
                }
                let hosts = ["203.0.113.92", "[fd00:113::92]"]
                try await cluster.expect(["pod-1", "pod-2", "pod-3"], at: hosts, from: .client)
            }
        }

        @Test func `what listens on the node itself is not reached through a virtual IP`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: pods, port: 8080)
                // A server on the node, at every address of it.
                try await cluster.serve(.http, in: [.node], port: 9100)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "web", type: "LoadBalancer", clusterIPs: ["10.96.0.95", "fd00:10:96::95"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30095)], endpoints: four + six,
                        spec: [#"externalIPs: ["203.0.113.96", "fd00:113::96"]"#],
                        loadBalancerVIPs: ["203.0.113.95", "fd00:113::95"]),
                    to: "web.yaml")
                _ = try await cluster.startDaemon()
                let addresses = [
                    "10.96.0.95", "fd00:10:96::95", "203.0.113.95", "fd00:113::95", "203.0.113.96", "fd00:113::96",
                ]
                for place in [Cluster.Place.client, .pod4, .node] {
                    #expect(
                        try await cluster.connected(to: addresses, port: 80, from: place) == Set(addresses), "\(place)")
                    #expect(try await cluster.connected(to: addresses, port: 9100, from: place).isEmpty, "\(place)")
                    let own = ["192.168.50.10", "fd00:50::10"]
                    #expect(try await cluster.connected(to: own, port: 9100, from: place) == Set(own), "\(place)")
                }
            }
        }
    }
}
