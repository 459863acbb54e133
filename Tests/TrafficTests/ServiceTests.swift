import Testing

extension TrafficSuite {
    /// Requests from pods and from outside, through every kind of virtual IP.
    @Suite struct ServiceTests {
        private let pods: [Cluster.Place] = [.pod1, .pod2, .pod3]
        private let names = ["pod-1", "pod-2", "pod-3"]
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
                    for url in ["http://10.96.0.10/", "http://[fd00:10:96::10]/"] {
                        let answers = try await cluster.answers(to: url, from: place)
                        #expect(Set(answers) == Set(names), "\(url) from \(place)")
                    }
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

                for url in [
                    "http://192.168.50.10:30080/", "http://198.51.100.10:30080/", "http://[fd00:50::10]:30080/",
                ] {
                    let answers = try await cluster.answers(to: url, from: .client)
                    #expect(Set(answers) == Set(names), "\(url)")
                }
                let answers = try await cluster.answers(to: "http://198.51.100.10:30080/", from: .outsider)
                #expect(Set(answers) == Set(names))
                #expect(try await !cluster.connects(to: "10.96.0.20", port: 30080, from: .client))
            }
        }

        @Test func `a load balancer's source ranges let in whom they name and nobody else`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: pods, port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "shop", type: "LoadBalancer", clusterIPs: ["10.96.0.30"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30081)], endpoints: four,
                        spec: ["loadBalancerSourceRanges: [192.168.50.0/24]"], loadBalancerVIPs: ["203.0.113.10"]),
                    to: "shop.yaml")
                try cluster.write(
                    Manifest.service(
                        "open", type: "LoadBalancer", clusterIPs: ["10.96.0.31"],
                        ports: [.init(port: 80, target: 8080, nodePort: 30082)], endpoints: four,
                        loadBalancerVIPs: ["203.0.113.11"]),
                    to: "open.yaml")
                _ = try await cluster.startDaemon()

                let answers = try await cluster.answers(to: "http://203.0.113.10/", from: .client)
                #expect(Set(answers) == Set(names))
                #expect(try await !cluster.connects(to: "203.0.113.10", port: 80, from: .outsider))
                // The same way with another address, so what refused above were the ranges.
                #expect(try await cluster.connects(to: "203.0.113.11", port: 80, from: .outsider))
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
                    #expect(Set(answers) == Set(names), "\(address)")
                }
            }
        }

        @Test func `a pod reaches itself through its own Service`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "mirror", clusterIPs: ["10.96.0.40", "fd00:10:96::40"],
                        ports: [.init(port: 80, target: 8080)], endpoints: ["10.244.1.11", "fd00:10:244:1::11"]),
                    to: "mirror.yaml")
                _ = try await cluster.startDaemon()

                for url in ["http://10.96.0.40/", "http://[fd00:10:96::40]/"] {
                    let answers = try await cluster.answers(to: url, from: .pod1, requests: 2)
                    #expect(answers == ["pod-1", "pod-1"], "\(url)")
                }
            }
        }
    }
}
