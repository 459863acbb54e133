// SPDX-License-Identifier: GPL-2.0-or-later
import Subprocess
import SystemTesting
import Testing

extension TrafficSuite {
    /// `kube-ipvs top` on a node.
    @Suite struct TopTests {
        @Test func `top shows the Services that requests go to, and says when IPVS counts nothing`() async throws {
            try await Cluster.with { cluster in
                try NodeCommand.write("web", "10.96.0.10", pods: ["10.244.1.11"], to: cluster)
                try NodeCommand.write("api", "10.96.0.11", pods: ["10.244.1.12"], to: cluster)
                _ = try await cluster.startDaemon()
                try await cluster.run(in: .node, "sysctl", "-w", "net.ipv4.vs.run_estimation=1")
                try await cluster.serve(.http, in: [.pod1, .pod2], port: 8080)
                let load = try await cluster.start(
                    [
                        "ip", "netns", "exec", "client", "bash", "-c",
                        "while :; do curl -s -m 2 -o /dev/null http://10.96.0.10/; sleep 0.05; done",
                    ], log: "load.log")
                try await eventually("the busy Service is shown, and the other one counted") {
                    let top = try await NodeCommand.run(["top", "--once", "--interval", "1"], in: cluster)
                    try #require(top.status == .exited(0), "\(top.errors)")
                    let lines = top.output.split(separator: "\n")
                    return lines.count == 3 && lines[1].hasSuffix("  test/web") && !lines[1].hasPrefix("          0 ")
                        && lines[2] == "1 virtual servers without traffic"
                }
                let other = try await NodeCommand.run(
                    ["top", "--once", "--interval", "1", "--service", "api"], in: cluster)
                #expect(!other.output.contains("test/web"))
                let json = try await NodeCommand.run(["top", "--once", "--interval", "1", "-o", "json"], in: cluster)
                let name =
                    "$j{services}[0]{namespace}, '/', $j{services}[0]{name}, ' ', "
                    + "$j{services}[0]{connectionsPerSecond} > 0 ? 1 : 0"
                #expect(try await NodeCommand.json(json.output, name) == "test/web 1")
                try await load.end(by: "TERM")

                try await cluster.run(in: .node, "sysctl", "-w", "net.ipv4.vs.run_estimation=0")
                let without = try await NodeCommand.run(["top", "--once"], in: cluster)
                #expect(without.status == .exited(1) && without.output == "")
                #expect(without.errors.contains("net.ipv4.vs.run_estimation is 0"))
            }
        }
    }
}
