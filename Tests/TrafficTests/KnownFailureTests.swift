// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import SystemTesting
import Testing

extension TrafficSuite {
    /// Nodes that lack something, or on which programs stand in each other's way: what users of IPVS mode have met.
    @Suite struct KnownFailureTests {
        /// Serves one Service on a node of the legacy variant; `false` where the kernel does not have that.
        private func serveOnLegacyNode(in cluster: Cluster) async throws -> Bool {
            guard try await cluster.iptablesVariants().contains("legacy") else { return false }
            try await cluster.run(in: .node, "iptables-legacy", "-t", "mangle", "-N", "KUBE-IPTABLES-HINT")
            try await cluster.serve(.http, in: [.pod1], port: 8080)
            try writeService(to: cluster)
            return true
        }

        private func writeService(_ name: String = "web", _ number: Int = 10, to cluster: Cluster) throws {
            try cluster.write(Manifest.node, to: "node.yaml")
            try cluster.write(
                Manifest.service(
                    name, clusterIPs: ["10.96.0.\(number)", "fd00:10:96::\(number)"],
                    ports: [.init(port: 80, target: 8080)], endpoints: ["10.244.1.11", "fd00:10:244:1::11"]),
                to: "\(name).yaml")
        }

        /// Puts a script in the place of programs of iptables.
        ///
        /// - Parameter script: of bash; `$real` is the program, with `"$@"` as it was called.
        /// - Returns: a `PATH` that finds it.
        private func wrap(_ names: [String], in cluster: Cluster, _ script: String) async throws -> String {
            let bin = "\(cluster.folder)/bin"
            try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
            for name in names {
                let text = """
                    #!/bin/bash
                    real=$(PATH=/usr/sbin:/sbin:/usr/bin command -v \(name)) || exit 127
                    \(script)
                    exec "$real" "$@"

                    """
                try text.write(toFile: "\(bin)/\(name)", atomically: true, encoding: .utf8)
                try await command("chmod", "+x", "\(bin)/\(name)")
            }
            return "\(bin):/usr/sbin:/sbin:/usr/bin:/bin"
        }

        /// Such as `iptables-nft-restore`, of both variants and without one.
        private func names(_ families: [String], _ end: String) -> [String] {
            families.flatMap { family in ["", "-nft", "-legacy"].map { family + $0 + end } }
        }

        private func start(_ cluster: Cluster, path: String, _ options: [String] = []) async throws -> Daemon {
            let words = ["ip", "netns", "exec", "node", "env", "PATH=\(path)", Daemon.path, "run"]
            let program = try await cluster.start(
                words + cluster.daemonFlags + options, log: "daemon-\(UUID().uuidString.prefix(8)).log")
            return Daemon(program: program)
        }

        private func said(_ text: String, by daemon: Daemon) throws -> Int {
            try daemon.program.output().split(separator: "\n").count { $0.contains(text) }
        }

        @Test func `where iptables has no --random-fully the rules are written without it, which is said once`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try writeService(to: cluster)
                // Rules with it are refused, as by a kernel or a program that does not know it.
                let path = try await wrap(
                    names(["iptables", "ip6tables"], "-restore"), in: cluster,
                    """
                    input=$(cat)
                    case $input in *--random-fully*) echo 'unknown option "--random-fully"' >&2; exit 2;; esac
                    printf '%s\\n' "$input" | "$real" "$@"; exit
                    """)
                let daemon = try await start(cluster, path: path, ["--ipvs-sync-period", "1s"])
                try await daemon.waitForFirstPass()
                try await cluster.expect(["pod-1"], at: ["10.96.0.10", "[fd00:10:96::10]"], from: .client)
                for program in ["iptables-save", "ip6tables-save"] {
                    let rules = try await cluster.run(in: .node, program, "-t", "nat")
                    #expect(rules.contains("-j MASQUERADE") && !rules.contains("random-fully"))
                }
                try await Task.sleep(for: .seconds(3))
                #expect(try said("has no --random-fully", by: daemon) == 1)
                let check = try await cluster.run(
                    in: .node, ["bash", "-c", #""$@" || true"#, "-", Daemon.path, "check"] + cluster.daemonFlags)
                #expect(check.contains(#/iptables: 1\.\d+\.\d+, (nft|legacy)/#), "\(check)")
            }
        }

        @Test func `with neither clusterCIDR nor masqueradeAll the node reaches every cluster IP, and is warned once`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try writeService(to: cluster)
                let daemon = try await cluster.startDaemon("--cluster-cidr", "", "--ipvs-sync-period", "1s")
                try await cluster.expect(["pod-1"], at: ["10.96.0.10", "[fd00:10:96::10]"], from: .node)
                try await Task.sleep(for: .seconds(3))
                #expect(try said("neither clusterCIDR nor masqueradeAll", by: daemon) == 1)
            }
        }

        /// The lock is that of the legacy tables: nf_tables need none.
        @Test func `a lock that is held for half a minute delays no server and no set, and rules follow its release`()
            async throws
        {
            try await Cluster.with { cluster in
                guard try await serveOnLegacyNode(in: cluster) else { return }
                let daemon = try await cluster.startDaemon("--ipvs-sync-period", "1s")
                let holder = try await cluster.start(
                    ["flock", "/run/xtables.lock", "bash", "-c", "echo held; exec sleep 600"], log: "holder.log")
                try await eventually("the lock is held") { try holder.output().contains("held") }

                // A rule of ours is gone, which needs the lock to be mended, and a Service comes. iptables itself would wait.
                let closed = Manifest.service(
                    "closed", type: "LoadBalancer", clusterIPs: ["10.96.0.20"], ports: [.init(port: 80, target: 8080)],
                    endpoints: ["10.244.1.11"], spec: ["loadBalancerSourceRanges: [192.0.2.0/24]"],
                    loadBalancerVIPs: ["203.0.113.20"])
                try cluster.write(closed, to: "closed.yaml")
                try await eventually("server and set are there", within: .seconds(5)) {
                    let servers = try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric")
                    let set = try await cluster.run(in: .node, "ipset", "list", "KUBE-CLUSTER-IP")
                    return servers.contains("-t 10.96.0.20:80 -r 10.244.1.11:8080")
                        && set.contains("10.96.0.20,tcp:80")
                }
                #expect(try await cluster.answers(to: "http://10.96.0.20/", from: .client, requests: 1) == ["pod-1"])

                // Until the delays between tries would have grown to seconds.
                try await Task.sleep(for: .seconds(30))
                try await holder.end(by: "KILL")
                try await command("bash", "-c", "pkill -f '^sleep 600' || true")
                let clock = ContinuousClock()
                let released = clock.now
                try await eventually("the rule is there") {
                    try await cluster.run(in: .node, "iptables-legacy", "--wait", "5", "-S", "KUBE-IPVS-OUT-FILTER")
                        .contains("--vaddr 203.0.113.20")
                }
                #expect(clock.now - released < .seconds(1))
                #expect(try said("xtables lock", by: daemon) <= 4)
            }
        }

        /// As where a container has no mount of the lock's file: each program takes a lock, and not the same one.
        @Test func `a lock that is not shared with the node costs neither the daemon's rules nor those of others`()
            async throws
        {
            try await Cluster.with { cluster in
                guard try await serveOnLegacyNode(in: cluster) else { return }
                let rules = ["ip", "netns", "exec", "node", "iptables-legacy", "--wait", "-t", "nat"]
                for words in [["-N", "KEPT"], ["-A", "KEPT", "-j", "RETURN"], ["-N", "CHANGING"]] {
                    try await output(of: rules + words)
                }
                // Another program changes the same table all the time, under the node's lock.
                let script = """
                    change() { iptables-legacy --wait -t nat "$@"; }
                    while true; do
                        for port in {1..9}; do change -A CHANGING -p tcp --dport $port -j RETURN; done
                        change -F CHANGING
                    done
                    """
                let other = try await cluster.start(
                    ["ip", "netns", "exec", "node", "bash", "-c", script], log: "other.log")
                let daemon = Daemon(
                    program: try await cluster.start(
                        [
                            "ip", "netns", "exec", "node", "unshare", "--mount", "bash", "-c",
                            #"mount -t tmpfs none /run && exec "$@""#, "-", Daemon.path, "run",
                        ] + cluster.daemonFlags + ["--ipvs-sync-period", "1s"], log: "unshared.log"))
                try await daemon.waitForFirstPass()
                try await cluster.expect(["pod-1"], at: ["10.96.0.10"], from: .client)
                // Rules of ours that are lost come back, however often.
                for _ in 0..<5 {
                    // The program says EAGAIN where the daemon has written meanwhile.
                    let removal = "until iptables-legacy --wait -t nat -F KUBE-MARK-MASQ; do sleep 0.1; done"
                    try await cluster.run(in: .node, "bash", "-c", removal)
                    try await eventually("it is back") {
                        try await output(of: rules + ["-S", "KUBE-MARK-MASQ"]).contains("-A KUBE-MARK-MASQ")
                    }
                }
                try await other.end(by: "KILL")
                #expect(try await output(of: rules + ["-S", "KEPT"]).contains("-A KEPT -j RETURN"))
                try await eventually("nothing is left to be written") {
                    let plan = ["bash", "-c", #""$@" || true"#, "-", Daemon.path, "plan"] + cluster.daemonFlags
                    return try await cluster.run(in: .node, plan) == "no changes"
                }
                try await cluster.expect(["pod-1"], at: ["10.96.0.10"], from: .client)
            }
        }

        @Test func `where ip_vs cannot be loaded the daemon says so and writes nothing, and starts once it can`()
            async throws
        {
            try await Cluster.with { cluster in
                try writeService(to: cluster)
                // Other modules hold on to it, and namespaces that have just ended.
                let removal = """
                    for try in {1..20}; do
                        [ -d /sys/module/ip_vs ] || { echo absent; exit; }
                        [ -e /sys/module/ip_vs/initstate ] || { echo built in; exit; }
                        for user in $(ls /sys/module/ip_vs/holders) xt_ipvs; do modprobe --remove $user 2>&-; done
                        ipvsadm --clear
                        modprobe --remove ip_vs 2>&- || sleep 0.5
                    done
                    """
                let state = try await output(of: "bash", "-c", removal)
                guard state != "built in" else { return }
                #expect(state == "absent")
                let loader = try await output(of: "cat", "/proc/sys/kernel/modprobe")
                try await command("sysctl", "-q", "-w", "kernel.modprobe=/bin/false")
                let before = try await cluster.run(in: .node, "iptables-save")
                let daemon = try await cluster.startDaemonOnly()
                let hasEnded: Void? = try? await eventually("the daemon ends") { !daemon.program.isRunning }
                // Whatever came of it, for the tests that follow.
                try await command("sysctl", "-q", "-w", "kernel.modprobe=\(loader)")
                try #require(hasEnded != nil)
                let words = try daemon.program.output()
                #expect(words.contains("IPVS") && words.contains("ip_vs"), "\(words)")
                #expect(try await cluster.run(in: .node, "iptables-save") == before)
                _ = try await cluster.startDaemon()
            }
        }

        @Test func `a save program that mixes warnings with its rules makes no rule look changed`() async throws {
            try await Cluster.with { cluster in
                try writeService(to: cluster)
                let path = try await wrap(
                    names(["iptables", "ip6tables"], "-save"), in: cluster,
                    """
                    "$real" "$@" 2>&1 | while IFS= read -r line; do
                    printf '%s\\n' "$line" "# Warning: iptables-legacy tables present, use iptables-legacy-save to see them"
                    done; exit "${PIPESTATUS[0]}"
                    """)
                let first = try await start(cluster, path: path)
                try await first.waitForFirstPass()
                try await first.stop()
                let before = try await KernelState(of: cluster)
                let second = try await start(cluster, path: path)
                try await second.waitForFirstPass()
                let line = try #require(try second.firstPass())
                #expect(line.contains(#/ changes=0\b/#), "\(line)")
                #expect(try await KernelState(of: cluster).differences(from: before).isEmpty)
            }
        }

        @Test func `an ip6tables that refuses --set-xmark costs IPv4 nothing, and IPv6 no more than its rules`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1], port: 8080)
                try writeService(to: cluster)
                try writeService("gone", 30, to: cluster)
                let path = try await wrap(
                    names(["ip6tables"], "-restore"), in: cluster,
                    """
                    input=$(cat)
                    case $input in *--set-xmark*) echo 'unknown option "--set-xmark"' >&2; exit 2;; esac
                    printf '%s\\n' "$input" | "$real" "$@"; exit
                    """)
                let daemon = try await start(
                    cluster, path: path, ["--ipvs-sync-period", "1s", "--metrics-bind-address", "127.0.0.1:10249"])
                try await eventually("IPv4 is served") {
                    try await cluster.connects(to: "10.96.0.10", port: 80, from: .client)
                }
                try await cluster.expect(["pod-1"], at: ["10.96.0.10"], from: .client)
                try await eventually("IPv6 has its servers and addresses") {
                    try await Self.hasSix("10", cluster)
                }
                // Degraded, and to be seen: in the log, in the metrics and in health.
                try await eventually("health says so") {
                    let text = try await cluster.run(
                        in: .node, "curl", "--silent", "--write-out", "%{http_code}", "http://127.0.0.1:10256/healthz")
                    return text.hasSuffix("503") && text.contains("IPv6")
                }
                #expect(try daemon.program.output().contains("--set-xmark"))
                let metrics = try await cluster.run(in: .node, "curl", "--silent", "http://127.0.0.1:10249/metrics")
                #expect(metrics.contains(#/restore_failures_total\S* [1-9]/#))

                // No address of a Service that is gone stays.
                try FileManager.default.removeItem(atPath: cluster.folder + "/manifests/gone.yaml")
                try await eventually("the Service is gone from both families") {
                    let addresses = try await cluster.run(in: .node, "ip", "-oneline", "address", "show", "kube-ipvs0")
                    let servers = try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric")
                    return !addresses.contains("10.96.0.30/") && !addresses.contains("fd00:10:96::30/")
                        && !servers.contains("10.96.0.30:") && !servers.contains("fd00:10:96::30]")
                }
                #expect(try await Self.hasSix("10", cluster))
            }
        }

        private static func hasSix(_ number: String, _ cluster: Cluster) async throws -> Bool {
            let addresses = try await cluster.run(in: .node, "ip", "-oneline", "address", "show", "kube-ipvs0")
            let servers = try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric")
            return addresses.contains("fd00:10:96::\(number)/")
                && servers.contains("[fd00:10:96::\(number)]:80 -r [fd00:10:244:1::11]:8080")
        }
    }
}
