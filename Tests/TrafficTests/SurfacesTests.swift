// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// What load balancers, kubelets and Prometheus ask the daemon.
    @Suite struct SurfacesTests {
        private func writeService(to cluster: Cluster) throws {
            try cluster.write(Manifest.node, to: "node.yaml")
            try cluster.write(
                Manifest.service(
                    "web", type: "LoadBalancer", clusterIPs: ["10.96.0.10", "fd00:10:96::10"],
                    ports: [.init(port: 80, target: 8080, nodePort: 30080)],
                    endpoints: ["10.244.1.11", "10.244.1.12", "fd00:10:244:1::11"],
                    spec: ["externalTrafficPolicy: Local", "healthCheckNodePort: 31999"]),
                to: "web.yaml")
        }

        /// The head and the body of an answer.
        private func ask(_ url: String, from place: Cluster.Place, of cluster: Cluster) async throws -> String {
            let answer = try await cluster.run(
                in: place, "curl", "--silent", "--include", "--max-time", "10", "--globoff", url)
            // The two together are one character to Swift, and would not end with either.
            return answer.replacing("\r\n", with: "\n")
        }

        @Test func `health, metrics and a health-check node port are there for both families`() async throws {
            try await Cluster.with { cluster in
                try writeService(to: cluster)
                let daemon = try await cluster.startDaemon()

                for address in ["192.168.50.10", "[fd00:50::10]"] {
                    let health = try await ask("http://\(address):10256/healthz", from: .client, of: cluster)
                    #expect(health.hasPrefix("HTTP/1.1 200 OK"))
                    #expect(health.contains(#""IPv4":{"lastUpdated":"#) && health.contains(#""IPv6":{"lastUpdated":"#))
                }
                for (address, count) in [("192.168.50.10", 2), ("[fd00:50::10]", 1)] {
                    try await eventually("\(address) answers a load balancer") {
                        let answer = try await ask("http://\(address):31999/", from: .client, of: cluster)
                        return answer.hasPrefix("HTTP/1.1 200 OK") && answer.contains("\"localEndpoints\": \(count),")
                    }
                }

                #expect(try await !cluster.connects(to: "192.168.50.10", port: 10249, from: .client))
                for line in [
                    #"kubeipvs_virtual_servers{ip_family="IPv4"} 3"#, #"kubeipvs_real_servers{ip_family="IPv6"} 3"#,
                    #"kubeipvs_set_entries{set="KUBE-CLUSTER-IP"} 1"#,
                    #"kubeipvs_passes_total{ip_family="IPv6",mode="verify",result="failed"} 0"#,
                ] {
                    // The node's own addresses come one by one.
                    try await eventually("the metrics have \(line)") {
                        try await ask("http://127.0.0.1:10249/metrics", from: .node, of: cluster).contains(
                            "\n\(line)\n")
                    }
                }
                let mode = try await ask("http://127.0.0.1:10249/proxyMode", from: .node, of: cluster)
                #expect(mode.hasSuffix("\n\nipvs"))

                // A client that asks for nothing and one that reads nothing: neither holds the end up.
                let silent = #"exec 3<>/dev/tcp/192.168.50.10/10256; sleep 60"#
                let deaf = #"exec 3<>/dev/tcp/192.168.50.10/31999; printf 'GET / HTTP/1.1\r\n' >&3; sleep 60"#
                for script in [silent, deaf] {
                    _ = try await cluster.start(
                        ["ip", "netns", "exec", "client", "bash", "-c", script], log: "client.log")
                }
                try await eventually("both are connected") {
                    let sockets = try await cluster.run(
                        in: .client, "ss", "--no-header", "--tcp", "state", "established")
                    return sockets.split(separator: "\n").count >= 2
                }
                try await command("kill", "-TERM", String(daemon.program.identifier))
                try await eventually("the daemon ends", within: .seconds(2)) { !daemon.program.isRunning }
                #expect(try await !cluster.connects(to: "192.168.50.10", port: 31999, from: .client))
            }
        }

        @Test func `a probe is answered where the configuration has switched the servers off`() async throws {
            try await Cluster.with { cluster in
                try writeService(to: cluster)
                let flags = ["--healthz-port=0", "--metrics-port=0"]
                func healthy(_ question: String) async throws -> String {
                    try await cluster.run(
                        in: .node,
                        ["bash", "-c", #""$@" 2>&1; echo "status $?""#, "-", Daemon.path, "healthy", "--ask", question]
                            + cluster.daemonFlags + flags)
                }
                for question in ["ready", "live", "ping"] {
                    #expect(
                        try await healthy(question)
                            == "\(question): no: the local socket: nobody listens there\nstatus 1")
                }
                let daemon = try await cluster.startDaemon("--healthz-port=0", "--metrics-port=0")
                for question in ["ready", "live", "ping"] {
                    try await eventually("it is told that the daemon is \(question)") {
                        try await healthy(question) == "\(question): yes: the local socket answers 200\nstatus 0"
                    }
                }
                // Stopped, it takes connections still, and says nothing.
                try await command("kill", "-STOP", String(daemon.program.identifier))
                #expect(try await healthy("ping") == "ping: no: the local socket: no answer in 5.0 seconds\nstatus 1")
                try await command("kill", "-CONT", String(daemon.program.identifier))
                try await command("kill", "-TERM", String(daemon.program.identifier))
                try await eventually("the daemon ends", within: .seconds(2)) { !daemon.program.isRunning }
                #expect(try await healthy("ping") == "ping: no: the local socket: nobody listens there\nstatus 1")
            }
        }

        @Test func `traffic of virtual servers is counted where that is asked for`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1, .pod2], port: 8080)
                try writeService(to: cluster)
                _ = try await cluster.startDaemon("--metrics-virtual-servers", "10", "--ipvs-sync-period", "1s")
                _ = try await cluster.answers(to: "http://10.96.0.10/", from: .client, requests: 7)
                let labels = #"address="10.96.0.10",port="80",protocol="TCP",service_port="test/web:main""#
                try await eventually("seven connections are counted") {
                    try await ask("http://127.0.0.1:10249/metrics", from: .node, of: cluster)
                        .contains("\nkubeipvs_virtual_server_connections_total{\(labels)} 7\n")
                }
            }
        }
    }
}
