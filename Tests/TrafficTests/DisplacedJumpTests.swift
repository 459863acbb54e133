// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// A DNAT chain before KUBE-SERVICES, as a CNI plugin makes it for host ports.
    @Suite struct DisplacedJumpTests {
        private static let families = [
            ("iptables", "10.96.0.10", "10.244.1.12"), ("ip6tables", "fd00:10:96::10", "[fd00:10:244:1::12]"),
        ]

        /// What portmap makes for a host port 80 of `pod-2`, and takes its jumps to the head of the chains.
        private func insertHostPort(_ cluster: Cluster, _ program: String, _ pod: String) async throws {
            let jump = "-m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT"
            let lines = [
                "*nat", ":CNI-HOSTPORT-DNAT - [0:0]", ":CNI-DN-2 - [0:0]",
                "-A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 80 -j CNI-DN-2",
                "-A CNI-DN-2 -p tcp -m tcp --dport 80 -j DNAT --to-destination \(pod):8080",
                "-I PREROUTING \(jump)", "-I OUTPUT \(jump)", "COMMIT", "",
            ]
            let script = "printf '%s' \"$0\" | \(program)-restore --noflush --wait 5"
            try await cluster.run(in: .node, "bash", "-c", script, lines.joined(separator: "\n"))
        }

        private func isInFront(_ cluster: Cluster, _ program: String) async throws -> Bool {
            for chain in ["PREROUTING", "OUTPUT"] {
                let rules = try await cluster.run(in: .node, program, "--wait", "5", "-t", "nat", "-S", chain)
                    .split(separator: "\n")
                guard rules.dropFirst().first?.hasSuffix("-j KUBE-SERVICES") == true else { return false }
            }
            return true
        }

        @Test func `a DNAT chain before KUBE-SERVICES takes its traffic for a sync period, and is fought no further`()
            async throws
        {
            try await Cluster.with { cluster in
                let variant = try #require(try await cluster.iptablesVariants().last)
                try await cluster.run(in: .node, "iptables-\(variant)", "-t", "mangle", "-N", "KUBE-IPTABLES-HINT")
                try await cluster.serve(.http, in: [.pod1, .pod2], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(
                    Manifest.service(
                        "web", clusterIPs: Self.families.map(\.1), ports: [.init(port: 80, target: 8080)],
                        endpoints: ["10.244.1.11", "fd00:10:244:1::11"]),
                    to: "web.yaml")
                let daemon = try await cluster.startDaemon(
                    "--ipvs-sync-period", "2s", "--metrics-bind-address", "127.0.0.1:10249")

                for (family, address, pod) in Self.families {
                    let program = "\(family)-\(variant)"
                    let host = address.contains(":") ? "[\(address)]" : address
                    try await cluster.expect(["pod-1"], at: [host], from: .client)
                    try await insertHostPort(cluster, program, pod)
                    try await eventually("\(program): the jump is in front again") {
                        try await isInFront(cluster, program)
                    }
                    try await cluster.expect(["pod-1"], at: [host], from: .client)

                    // Whoever insists has the front until thirty seconds have gone by, and that is said once.
                    try await insertHostPort(cluster, program, pod)
                    try await cluster.expect(["pod-2"], at: [host], from: .client, requests: 1)
                    let contested =
                        "kubeipvs_contested_jumps{ip_family=\"\(address.contains(":") ? "IPv6" : "IPv4")\"} 2"
                    try await eventually("\(contested) in the metrics") {
                        try await cluster.run(in: .node, "curl", "--silent", "http://127.0.0.1:10249/metrics")
                            .contains(contested)
                    }
                    // Two more looks.
                    try await Task.sleep(for: .seconds(4))
                    #expect(try await !isInFront(cluster, program))
                    let said = try daemon.program.output().split(separator: "\n").filter {
                        $0.contains("again and again") && $0.contains("OUTPUT")
                    }
                    #expect(said.count == (family == "iptables" ? 1 : 2))
                }
                try await eventually("the jumps are in front once more") {
                    for (family, _, _) in Self.families
                    where try await !isInFront(cluster, "\(family)-\(variant)") { return false }
                    return true
                }
                try await cluster.expect(["pod-1"], at: ["10.96.0.10", "[fd00:10:96::10]"], from: .client)
            }
        }
    }
}
