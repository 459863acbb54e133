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
                        states: elsewhere, spec: ["externalTrafficPolicy: Local"],
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

                for (url, client) in [
                    ("http://203.0.113.50/", "192.168.50.100"), ("http://192.168.50.10:30050/", "192.168.50.100"),
                    ("http://[fd00:113::50]/", "[fd00:0050:0000:0000:0000:0000:0000:0100]"),
                    ("http://[fd00:50::10]:30050/", "[fd00:0050:0000:0000:0000:0000:0000:0100]"),
                ] {
                    #expect(try await Set(cluster.answers(to: url, from: .client)) == ["pod-1"], "\(url)")
                    #expect(try await cluster.clientsSeen(at: url, from: .client) == [client], "\(url)")
                }
                // Inside the policy for what comes from outside says nothing.
                for url in ["http://10.96.0.50/", "http://[fd00:10:96::50]/"] {
                    let answers = try await cluster.answers(to: url, from: .pod4)
                    #expect(Set(answers) == ["pod-1", "pod-2", "pod-3"], "\(url)")
                }
                for url in ["http://10.96.0.51/", "http://[fd00:10:96::51]/"] {
                    #expect(try await Set(cluster.answers(to: url, from: .pod4)) == ["pod-1"], "\(url)")
                    #expect(try await Set(cluster.answers(to: url, from: .node)) == ["pod-1"], "\(url)")
                }
                for address in ["10.96.0.52", "fd00:10:96::52"] {
                    #expect(try await !cluster.connects(to: address, port: 80, from: .pod4), "\(address)")
                }
                // Without an endpoint of its own the node still lets its pods reach the load balancer.
                for url in ["http://203.0.113.53/", "http://[fd00:113::53]/"] {
                    #expect(try await Set(cluster.answers(to: url, from: .pod4)) == ["pod-2"], "\(url)")
                }
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
                _ = try await cluster.startDaemon()

                let all: Set = ["pod-1", "pod-2", "pod-3"]
                for (number, answering) in [(60, ["pod-3"]), (61, all), (62, all)] {
                    for url in [
                        "http://10.96.0.\(number)/", "http://[fd00:10:96::\(number)]/",
                        "http://192.168.50.10:\(30000 + number)/", "http://[fd00:50::10]:\(30000 + number)/",
                    ] {
                        #expect(try await Set(cluster.answers(to: url, from: .client)) == answering, "\(url)")
                    }
                }
            }
        }

        @Test func `a client with affinity stays with one endpoint`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: pods, port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "sticky", type: "NodePort", clusterIPs: ["10.96.0.70", "fd00:10:96::70"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30070)], endpoints: four + six,
                        spec: ["sessionAffinity: ClientIP"]),
                    to: "sticky.yaml")
                _ = try await cluster.startDaemon()
                for url in ["http://10.96.0.70/", "http://[fd00:10:96::70]/", "http://192.168.50.10:30070/"] {
                    #expect(try await Set(cluster.answers(to: url, from: .client)).count == 1, "\(url)")
                }
                // Another client may be sent elsewhere: three take three turns.
                var chosen: Set<String> = []
                for place in [Cluster.Place.client, .outsider, .pod4] {
                    chosen.formUnion(try await cluster.answers(to: "http://10.96.0.70/", from: place, requests: 2))
                }
                #expect(chosen == ["pod-1", "pod-2", "pod-3"])
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
                for host in ["203.0.113.80", "203.0.113.81", "[fd00:113::80]", "[fd00:113::81]"] {
                    for place in [Cluster.Place.client, .outsider, .pod1, .pod4, .node] {
                        let answers = try await cluster.answers(to: "http://\(host)/", from: place)
                        #expect(Set(answers) == ["pod-1", "pod-2", "pod-3"], "\(host) from \(place)")
                    }
                }
            }
        }

        @Test func `source ranges hold for the node itself too`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: pods, port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                func service(_ name: String, _ number: Int, ranges: String) -> String {
                    Manifest.service(
                        name, type: "LoadBalancer", clusterIPs: ["10.96.0.\(number)", "fd00:10:96::\(number)"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30000 + number)], endpoints: four + six,
                        spec: ["loadBalancerSourceRanges: [\(ranges)]"],
                        loadBalancerVIPs: ["203.0.113.\(number)", "fd00:113::\(number)"])
                }
                // The node is 192.168.50.10 and fd00:50::10, the client beside it .100, the outsider in 198.51.100.0/24.
                try cluster.write(
                    service("node", 90, ranges: #""192.168.50.0/28", "fd00:50::/120""#), to: "node-only.yaml")
                try cluster.write(
                    service("client", 91, ranges: #""192.168.50.100/32", "fd00:50::100/128""#), to: "client-only.yaml")
                _ = try await cluster.startDaemon()
                for (number, place, isLetIn) in [
                    (90, Cluster.Place.node, true), (90, .client, false), (90, .outsider, false),
                    (91, .node, false), (91, .client, true), (91, .outsider, false),
                ] {
                    for address in ["203.0.113.\(number)", "fd00:113::\(number)"] {
                        #expect(
                            try await cluster.connects(to: address, port: 80, from: place) == isLetIn,
                            "\(address) from \(place)")
                    }
                }
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
                for address in addresses {
                    for place in [Cluster.Place.client, .pod4] {
                        #expect(try await cluster.connects(to: address, port: 80, from: place), "\(address)")
                        #expect(try await !cluster.connects(to: address, port: 9100, from: place), "\(address)")
                    }
                }
                #expect(try await cluster.connects(to: "192.168.50.10", port: 9100, from: .client))
                #expect(try await cluster.connects(to: "fd00:50::10", port: 9100, from: .client))
            }
        }
    }
}
