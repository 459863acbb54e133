// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// SCTP, through every kind of virtual IP.
    @Suite struct AssociationTests {
        private func service(_ endpoints: [String]) -> String {
            Manifest.service(
                "signal", type: "LoadBalancer", clusterIPs: ["10.96.0.38", "fd00:10:96::38"],
                ports: [.init(transport: "SCTP", port: 3868, target: 3868, nodePort: 30868)], endpoints: endpoints,
                spec: [#"externalIPs: ["203.0.114.38", "fd00:114::38"]"#],
                loadBalancerVIPs: ["203.0.113.38", "fd00:113::38"])
        }

        @Test func `all endpoints answer at every virtual IP, to pods, the node and clients outside`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.sctp, in: [.pod1, .pod2], port: 3868)
                try cluster.write(Manifest.node, to: "node.yaml")
                let pods = ["10.244.1.11", "10.244.1.12", "fd00:10:244:1::11", "fd00:10:244:1::12"]
                try cluster.write(service(pods), to: "signal.yaml")
                _ = try await cluster.startDaemon()

                for (address, port, places) in [
                    ("10.96.0.38", 3868, [.client, .node, .pod3]), ("fd00:10:96::38", 3868, [.client, .node, .pod3]),
                    ("192.168.50.10", 30868, [.client]), ("fd00:50::10", 30868, [.client]),
                    ("203.0.114.38", 3868, [.client]), ("fd00:114::38", 3868, [.client]),
                    ("203.0.113.38", 3868, [.client]), ("fd00:113::38", 3868, [.client]),
                ] as [(String, Int, [Cluster.Place])] {
                    for place in places {
                        let answers = try await cluster.answers(
                            toAssociationsWith: address, port: port, from: place, requests: 4)
                        #expect(Set(answers) == ["pod-1", "pod-2"], "\(address) port \(port) from \(place)")
                    }
                }
            }
        }

        @Test func `an endpoint that has left gets no association any more, and does not drain`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.sctp, in: [.pod1, .pod2], port: 3868)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(service(["10.244.1.11", "fd00:10:244:1::11"]), to: "signal.yaml")
                _ = try await cluster.startDaemon()
                for address in ["10.96.0.38", "fd00:10:96::38"] {
                    let answers = try await cluster.answers(toAssociationsWith: address, port: 3868, from: .client)
                    #expect(Set(answers) == ["pod-1"])
                }

                try cluster.write(service(["10.244.1.12", "fd00:10:244:1::12"]), to: "signal.yaml")
                try await eventually("only pod-2 is behind the virtual servers") {
                    let servers = try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric")
                    return !servers.contains("10.244.1.11:3868") && !servers.contains("fd00:10:244:1::11]:3868")
                        && servers.contains("10.244.1.12:3868") && servers.contains("fd00:10:244:1::12]:3868")
                }
                for address in ["10.96.0.38", "fd00:10:96::38"] {
                    let answers = try await cluster.answers(toAssociationsWith: address, port: 3868, from: .client)
                    #expect(Set(answers) == ["pod-2"])
                }
            }
        }
    }
}
