// SPDX-License-Identifier: GPL-2.0-or-later
import Subprocess
import SystemTesting
import Testing

extension TrafficSuite {
    /// `kube-ipvs dump --services` on a node.
    @Suite struct NamedDumpTests {
        @Test func `a dump names Services and Pods by the daemon, and by the objects without one`() async throws {
            try await Cluster.with { cluster in
                try NodeCommand.write("web", "10.96.0.10", pods: ["10.244.1.11", "10.244.1.12"], to: cluster)
                try NodeCommand.write("api", "10.96.0.11", pods: ["10.244.1.13"], to: cluster)
                let daemon = try await cluster.startDaemon()
                let expected = """
                    Prot LocalAddress:Port Scheduler Flags Service
                      -> RemoteAddress:Port           Weight ActiveConn InActConn  Pod
                    TCP  10.96.0.10:80 rr test/web:main
                      -> 10.244.1.11:8080             1      0          0          web-0 on node-1 in zone-a
                      -> 10.244.1.12:8080             1      0          0          web-1 on node-1 in zone-a
                    TCP  10.96.0.11:80 rr test/api:main
                      -> 10.244.1.13:8080             1      0          0          api-0 on node-1 in zone-a

                    """
                let named = try await NodeCommand.run(["dump", "--services"], in: cluster)
                #expect(named.output == expected)
                #expect(named.errors == "" && named.status == .exited(0))
                for options in [["--namespace", "test"], ["--protocol", "tcp"]] {
                    #expect(
                        try await NodeCommand.run(["dump", "--services"] + options, in: cluster).output == expected)
                }
                for options in [["--service", "api"], ["--service", "test/api"], ["--address", "10.96.0.11"]] {
                    let some = try await NodeCommand.run(["dump", "--services"] + options, in: cluster).output
                    #expect(some.contains("test/api") && !some.contains("test/web"), "\(options)")
                }
                for options in [["--namespace", "other"], ["--port", "81"], ["--protocol", "udp"]] {
                    let nothing = try await NodeCommand.run(["dump", "--services"] + options, in: cluster)
                    #expect(nothing.output.split(separator: "\n").count == 2 && nothing.status == .exited(0))
                }
                let one = try await NodeCommand.run(["dump", "--services", "-t", "10.96.0.11:80"], in: cluster)
                #expect(one.output.contains("api-0 on node-1") && !one.output.contains("web"))
                // ipvsadm's own form has no names.
                let plain = try await NodeCommand.run(["dump", "-n"], in: cluster)
                #expect(plain.output == (try await cluster.run(in: .node, "ipvsadm", "-Ln") + "\n"))

                let names =
                    "join(' ', map { ($_->{service} ? \"$_->{service}{namespace}/$_->{service}{name}\" : '-', "
                    + "map { $_->{pod} // '-' } @{$_->{realServers}}) } @{$j{virtualServers}})"
                let json = try await NodeCommand.run(["dump", "-o", "json"], in: cluster)
                #expect(try await NodeCommand.json(json.output, names) == "test/web web-0 web-1 test/api api-0")
                try await daemon.stop()

                let byObjects = try await NodeCommand.run(
                    ["dump", "--services", "--manifests", "\(cluster.folder)/manifests"], in: cluster)
                #expect(byObjects.output == expected && byObjects.errors == "")
                let nameless = try await NodeCommand.run(["dump", "-o", "json"], in: cluster)
                #expect(try await NodeCommand.json(nameless.output, names) == "- - - - -")
                #expect(nameless.errors.hasPrefix("warning: without the names of Services and Pods: no daemon of"))
                let refused = try await NodeCommand.run(["dump", "--services", "--namespace", "test"], in: cluster)
                #expect(refused.status != .exited(0) && refused.errors.contains("need names, and nobody tells any"))
            }
        }

        @Test func `a real server that drains says for how long`() async throws {
            try await Cluster.with { cluster in
                try NodeCommand.write("web", "10.96.0.10", pods: ["10.244.1.11", "10.244.1.12"], to: cluster)
                _ = try await cluster.startDaemon()
                let held = try await cluster.start(
                    ["ip", "netns", "exec", "pod-1", "socat", "TCP-LISTEN:8080,fork", "EXEC:sleep 60"], log: "held.log")
                let other = try await cluster.start(
                    ["ip", "netns", "exec", "pod-2", "socat", "TCP-LISTEN:8080,fork", "EXEC:sleep 60"], log: "other.log"
                )
                _ = (held, other)
                for number in 1...2 {
                    _ = try await cluster.start(
                        ["ip", "netns", "exec", "client", "socat", "TCP:10.96.0.10:80", "EXEC:sleep 60"],
                        log: "client-\(number).log")
                }
                try await eventually("both have a connection") {
                    try await cluster.run(in: .node, "ipvsadm", "-Ln").split(separator: "\n")
                        .count { $0.contains("Masq    1      1 ") } == 2
                }
                try NodeCommand.write("web", "10.96.0.10", pods: ["10.244.1.11"], to: cluster)
                try await eventually("one drains, and its age is told") {
                    try await NodeCommand.run(["dump", "--services"], in: cluster).output
                        .contains("  -> 10.244.1.12:8080             0      1          0          - drains for ")
                }
                try await eventually("status counts it") {
                    try await NodeCommand.run(["status"], in: cluster).output.contains("1 real servers, 1 more drain")
                }
            }
        }
    }
}
