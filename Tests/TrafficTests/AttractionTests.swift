// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// Services that want an address which is another Service's, or which the node cannot do without.
    @Suite struct AttractionTests {
        private func web() -> String {
            Manifest.service(
                "web", clusterIPs: ["10.96.0.10", "fd00:10:96::10"], ports: [.init(port: 80, target: 8080)],
                endpoints: ["10.244.1.11", "fd00:10:244:1::11"])
        }

        /// A Service that is first by name, with the cluster IPs 10.96.0.20 and fd00:10:96::20 and endpoints in pod-2.
        private func aaa(externalIPs: [String], loadBalancerIPs: [String] = [], spec: [String] = []) -> String {
            let list = externalIPs.map { #""\#($0)""# }.joined(separator: ", ")
            return Manifest.service(
                "aaa", type: "LoadBalancer", clusterIPs: ["10.96.0.20", "fd00:10:96::20"],
                ports: [.init(port: 80, target: 8080)], endpoints: ["10.244.1.12", "fd00:10:244:1::12"],
                spec: spec + ["externalIPs: [\(list)]"], loadBalancerVIPs: loadBalancerIPs)
        }

        /// CVE-2020-8554 by name: kube-proxy gives the address to whichever it looks at last.
        @Test func `no Service takes another one's cluster IP, and when that one goes it has the address at once`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1, .pod2], port: 8080)
                let clusterIPs = ["10.96.0.10", "[fd00:10:96::10]"]
                // The source ranges let nobody in: what does not get the address must not shut others out of it.
                try cluster.write(
                    aaa(
                        externalIPs: ["10.96.0.10", "fd00:10:96::10"],
                        loadBalancerIPs: ["10.96.0.10", "fd00:10:96::10"],
                        spec: [#"loadBalancerSourceRanges: ["203.0.113.1/32", "2001:db8::1/128"]"#]),
                    to: "aaa.yaml")
                try cluster.write(web(), to: "web.yaml")
                let daemon = try await cluster.startDaemon()
                for place in [Cluster.Place.node, .pod3] {
                    try await cluster.expect(["pod-1"], at: clusterIPs, from: place)
                }
                // Nobody masquerades it on behalf of the other one.
                let seen = try await cluster.clientsSeen(at: ["http://10.96.0.10/"], from: .pod3)
                #expect(seen == ["10.244.1.13"])
                try await daemon.waitForLog(containing: #"others="test/aaa:main (load balancer)""#)
                #expect(try daemon.program.output().contains(#"service-port="test/web:main (cluster IP)""#))
                // A Service that does not get all that it asks for ends it with status 1.
                let explanation = try await cluster.run(
                    in: .node,
                    ["sh", "-c", #"! "$@""#, "sh", Daemon.path, "explain"] + cluster.daemonFlags + ["test/aaa"])
                #expect(explanation.contains("taken by test/web:main (cluster IP): test/aaa gets nothing of it"))

                try cluster.write(aaa(externalIPs: ["10.96.0.10", "fd00:10:96::10"]), to: "aaa.yaml")
                try cluster.write("# gone\n", to: "web.yaml")
                try await eventually("the other Service has the address") {
                    try await cluster.answers(to: "http://10.96.0.10/", from: .pod3, requests: 1) == ["pod-2"]
                }
                try await cluster.expect(["pod-2"], at: clusterIPs, from: .pod3)
                try cluster.write(web(), to: "web.yaml")
                try await eventually("its own Service has the address again") {
                    try await cluster.answers(to: "http://10.96.0.10/", from: .pod3, requests: 1) == ["pod-1"]
                }
                try await daemon.stop()
            }
        }

        /// On the second node, whose API server would be the client and whose gateway is the first node.
        @Test func `a node keeps its way to the API server and its gateway, unless a flag gives it up`() async throws {
            try await Cluster.with { cluster in
                try await cluster.addSecondNode()
                try await cluster.serve(.http, in: [.client], port: 6443)
                try await cluster.serve(.http, in: [.node], port: 9000)
                let apiServer = """
                    apiVersion: discovery.k8s.io/v1
                    kind: EndpointSlice
                    metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
                    addressType: IPv4
                    ports: [{name: https, port: 6443}]
                    endpoints: [{addresses: [192.168.50.100], conditions: {ready: true}}]

                    """
                try cluster.write(apiServer, to: "api-server.yaml")
                try cluster.write(
                    aaa(externalIPs: ["192.168.50.100"], loadBalancerIPs: ["192.168.60.10"]), to: "aaa.yaml")
                let daemon = try await cluster.startDaemon(on: .node2)
                try await daemon.waitForLog(containing: "external IP 192.168.50.100 is an address of the API server")
                try await daemon.waitForLog(containing: "load balancer 192.168.60.10 is the node's default gateway")
                #expect(try daemon.program.output().contains(#"service="test/aaa""#))
                #expect(try await cluster.connects(to: "192.168.50.100", port: 6443, from: .node2))
                #expect(try await cluster.connects(to: "192.168.60.10", port: 9000, from: .node2))
                #expect(try await cluster.connects(to: "192.168.50.100", port: 6443, from: .pod5))
                try await daemon.stop()

                let willing = try await cluster.startDaemon(on: .node2, "--allow-attracting-vital-addresses")
                #expect(try await !cluster.connects(to: "192.168.50.100", port: 6443, from: .node2))
                try await willing.waitForLog(containing: "this node reaches that host no more but through the Service")
                try await willing.stop()
            }
        }

        /// As klipper-lb of k3s does: k3s #5000, kubernetes #104679.
        @Test func `where a Service has other nodes' addresses the log says so and names it`() async throws {
            try await Cluster.with { cluster in
                try await cluster.addSecondNode()
                try cluster.write(
                    aaa(externalIPs: [], loadBalancerIPs: ["192.168.50.10", "192.168.60.20"]), to: "aaa.yaml")
                let daemon = try await cluster.startDaemon()
                try await daemon.waitForLog(containing: "load balancer 192.168.60.20 is an address of another host")
                #expect(try daemon.program.output().contains(#"service="test/aaa""#))
                #expect(
                    try !daemon.program.output().contains("load balancer 192.168.50.10 is an address of another host"))
                // One that nothing tells of but that the node has spoken to it.
                #expect(try await !cluster.connects(to: "192.168.50.100", port: 9, from: .node))
                try cluster.write(aaa(externalIPs: [], loadBalancerIPs: ["192.168.50.100"]), to: "aaa.yaml")
                try await daemon.waitForLog(containing: "load balancer 192.168.50.100 is an address of another host")
                try await daemon.stop()
            }
        }
    }
}
