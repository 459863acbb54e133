// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import SystemTesting
import Testing

extension TrafficSuite {
    /// The daemon and the program that writes sets for it: two processes, of which the second one may fail.
    @Suite struct SetsProgramTests {
        private func service(_ number: Int) -> String {
            Manifest.service(
                "web-\(number)", clusterIPs: ["10.96.0.\(number)"], ports: [.init(port: 80, target: 8080)],
                endpoints: ["10.244.1.11"])
        }

        /// The identifier of the program, if one runs that is no zombie.
        private func program() async throws -> String? {
            let found = try await output(of: "bash", "-c", "pgrep --exact --runstates D,R,S,T kube-ipvs-sets || true")
            return found.split(separator: "\n").first.map(String.init)
        }

        private func ask(_ url: String, _ cluster: Cluster) async throws -> String {
            try await cluster.run(in: .node, "curl", "--silent", "--max-time", "5", url)
        }

        private func failures(_ cluster: Cluster) async throws -> Int {
            let line = try await ask("http://127.0.0.1:10249/metrics", cluster).split(separator: "\n").first {
                $0.hasPrefix(#"kubeipvs_dataplane_failures_total{ip_family="IPv4",part="ipset"}"#)
            }
            return try #require(line?.split(separator: " ").last.flatMap { Int($0) })
        }

        @Test func `killed again and again, it is told in log and metric, and virtual servers change at once`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(service(10), to: "web-10.yaml")
                let daemon = try await cluster.startDaemon(on: .node, "--ipvs-sync-period", "2s")
                try await cluster.expect(["pod-1"], at: ["10.96.0.10"], from: .client)
                #expect(try await failures(cluster) == 0)

                for number in 11...14 {
                    // From the second time on it waits before its next start: a second, two, four.
                    try await eventually("the program runs") { try await program() != nil }
                    let process = try #require(try await program())
                    try await command("kill", "-KILL", process)
                    try cluster.write(service(number), to: "web-\(number).yaml")
                    try await eventually("there is a virtual server", within: .seconds(20)) {
                        try await cluster.run(in: .node, "ipvsadm", "-Sn").contains("10.96.0.\(number):80")
                    }
                    try await eventually("the log tells of the end") {
                        try daemon.program.output().contains("the program that writes sets, was ended by signal 9")
                    }
                }
                #expect(try await failures(cluster) >= 4)
                try await eventually("all sets are right") {
                    let members = try await cluster.run(in: .node, "ipset", "list", "KUBE-CLUSTER-IP")
                    return (10...14).allSatisfy { members.contains("10.96.0.\($0),tcp:80") }
                }
                try await cluster.expect(["pod-1"], at: ["10.96.0.14"], from: .client)
                #expect(try await program() != nil)
                #expect(daemon.program.isRunning)
            }
        }

        @Test(arguments: ["KILL", "TERM"], [false, true])
        func `it ends with the daemon, however that ends, and also where it is stopped`(
            signal: String, isStopped: Bool
        ) async throws {
            try await Cluster.with { cluster in
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(service(10), to: "web-10.yaml")
                let daemon = try await cluster.startDaemon()
                let process = try #require(try await program())
                if isStopped { try await command("kill", "-STOP", process) }
                try await daemon.program.end(by: signal)
                try await eventually("the program has ended") { try await program() == nil }
            }
        }

        @Test func `where it is missing, the daemon tells, and serves what needs no sets`() async throws {
            try await Cluster.with { cluster in
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(service(10), to: "web-10.yaml")
                let words = ["ip", "netns", "exec", "node", "env", "KUBE_IPVS_SETS_PROGRAM=/none", Daemon.path, "run"]
                let daemon = try await cluster.start(words + cluster.daemonFlags, log: "daemon-missing.log")
                try await eventually("there is a virtual server") {
                    try await cluster.run(in: .node, "ipvsadm", "-Sn").contains("10.96.0.10:80")
                }
                let sentence = "/none, the program that writes sets, cannot be started: No such file or directory"
                try await eventually("the log tells why") { try daemon.output().contains(sentence) }
                let health = try await ask("http://127.0.0.1:10256/healthz", cluster)
                #expect(health.contains(#""IPv4":{"lastUpdated":"0001-01-01T00:00:00Z","healthy":false}"#), "\(health)")
                #expect(try await failures(cluster) > 0)
                #expect(try daemon.output().components(separatedBy: sentence).count <= 5)
            }
        }
    }
}
