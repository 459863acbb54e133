// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// Virtual IPs as addresses and as local routes, and the ways from one to the other with connections open.
    @Suite struct VirtualIPModeTests {
        private static let addresses = ["10.96.0.7", "[fd00:10:96::7]"]

        /// Sends a line over a connection, and gives back what comes.
        private typealias Ask = (String) async throws -> String?

        private func writeService(to cluster: Cluster) throws {
            try cluster.write(Manifest.node, to: "node.yaml")
            try cluster.write(
                Manifest.service(
                    "echo", clusterIPs: ["10.96.0.7", "fd00:10:96::7"],
                    ports: [.init(name: "echo", port: 7, target: 7), .init(name: "web", port: 80, target: 8080)],
                    endpoints: ["10.244.1.11", "10.244.1.12", "fd00:10:244:1::11", "fd00:10:244:1::12"]),
                to: "echo.yaml")
        }

        /// Holds connections to both cluster IPs open, from outside, from a pod and from the node itself, while requests go on.
        ///
        /// - Parameter body: is handed what expects all of the connections to go on.
        private func withTraffic(
            in cluster: Cluster,
            _ body: (_ expectAll: (String) async throws -> Void) async throws -> Void
        ) async throws {
            let places = [Cluster.Place.client, .pod4, .node]
            let ends = places.flatMap { place in Self.addresses.map { (place, $0) } }
            try await withConnections(to: ends[...], in: cluster) { connections in
                let requests = [
                    try await startRequests(from: .client, in: cluster),
                    try await startRequests(from: .node, in: cluster),
                ]
                func answers(_ place: Int) throws -> [Substring] { try requests[place].output().split(separator: "\n") }
                try await body { moment in
                    for ((place, address), ask) in zip(ends, connections) {
                        #expect(try await ask(moment)?.contains(moment) == true, "\(moment): \(address) from \(place)")
                    }
                    // Of these none may be a loop that waits for an answer that was lost.
                    for place in requests.indices {
                        let count = try answers(place).count
                        try await eventually("requests go on \(moment)") { try answers(place).count > count + 3 }
                    }
                }
                for place in requests.indices {
                    try await requests[place].end(by: "KILL")
                    let failed = try answers(place).filter { !$0.hasPrefix("pod-") }
                    #expect(failed.isEmpty)
                }
            }
        }

        /// Requests to both cluster IPs, one after the other until it is ended.
        private func startRequests(from place: Cluster.Place, in cluster: Cluster) async throws -> RunningProgram {
            let urls = Self.addresses.map { "http://\($0)/" }.joined(separator: " ")
            let loop = "while :; do curl --silent --show-error --globoff --max-time 5 \(urls) || echo failed; done"
            let words = ["ip", "netns", "exec", place.rawValue, "bash", "-c", loop]
            return try await cluster.start(words, log: "requests-\(place.rawValue).log")
        }

        private func withConnections(
            to ends: ArraySlice<(Cluster.Place, String)>,
            _ connections: [Ask] = [],
            in cluster: Cluster,
            _ body: ([Ask]) async throws -> Void
        ) async throws {
            guard let (place, address) = ends.first else { return try await body(connections) }
            try await cluster.withProgram(["socat", "-", "TCP:\(address):7"], in: place) { ask in
                try await withConnections(to: ends.dropFirst(), connections + [ask], in: cluster, body)
            }
        }

        /// What makes virtual IPs the node's own: addresses of the dummy link, and local routes of ours.
        private func virtualIPs(of cluster: Cluster) async throws -> [String] {
            let state = try await KernelState(of: cluster)
            let routes = state.routes.map { $0.split(separator: " ").prefix(6).joined(separator: " ") }
            return state.addresses.map { $0.split(separator: " ").suffix(1).joined() } + routes
        }

        private static let bound = ["10.96.0.7/32", "fd00:10:96::7/128"]
        private static let routed = [
            "local 10.96.0.7 dev lo proto 117", "local fd00:10:96::7 dev lo proto 117",
        ]

        /// How many rules tell what the node sends by its own addresses.
        private func rulesForRoutes(in cluster: Cluster) async throws -> Int {
            let rules = try await cluster.run(in: .node, "bash", "-c", "iptables-save; ip6tables-save")
            return rules.split(separator: "\n").count { $0.hasSuffix(" --src-type LOCAL -j KUBE-MARK-MASQ") }
        }

        @Test func `changing from addresses to routes and back, no connection is lost and no request fails`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.echo, in: [.pod1, .pod2], port: 7)
                try await cluster.serve(.http, in: [.pod1, .pod2], port: 8080)
                try writeService(to: cluster)
                try await cluster.startDaemon(on: .node, "--virtual-ips", "addresses").stop()
                try await withTraffic(in: cluster) { expectAll in
                    #expect(try await virtualIPs(of: cluster) == Self.bound)
                    try await expectAll("at first")
                    for mode in ["routes", "addresses", "routes"] {
                        let daemon = try await cluster.startDaemon(on: .node, "--virtual-ips", mode)
                        #expect(try await virtualIPs(of: cluster) == (mode == "routes" ? Self.routed : Self.bound))
                        // For cluster IPs, and for the policy `Local` of external and load balancer IPs, in two families.
                        let rules = mode == "routes" ? 6 : 0
                        try await eventually("the rules are those for \(mode)") {
                            try await rulesForRoutes(in: cluster) == rules
                        }
                        try await expectAll("with \(mode)")
                        try await daemon.stop()
                    }
                }
            }
        }

        /// What kube-proxy does when it starts, as far as it changes something: it binds its addresses and writes its rules.
        private static let comeBack =
            HandoverTests.kubeProxyRules + """
                ip address add 10.96.0.7 dev kube-ipvs0
                ip address add fd00:10:96::7 dev kube-ipvs0
                rules KUBE 10.244.0.0/16 127.0.0.0/8 | grep -v ^-I | iptables-restore --noflush
                rules KUBE-6 fd00:10:244::/56 ::1/128 | grep -v ^-I | ip6tables-restore --noflush

                """

        /// As docs/handover.md has it.
        private static let removal = "ip route flush table local proto 117; ip -6 route flush table local proto 117"

        @Test func `a kube-proxy that comes back to routes goes on with all connections, and the routes can go then`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.echo, in: [.pod1, .pod2], port: 7)
                try await cluster.serve(.http, in: [.pod1, .pod2], port: 8080)
                try writeService(to: cluster)
                try await cluster.startDaemon(on: .node, "--virtual-ips", "routes").stop()
                try await withTraffic(in: cluster) { expectAll in
                    try await expectAll("with routes")
                    try await cluster.run(in: .node, "bash", "-c", Self.comeBack)
                    #expect(try await virtualIPs(of: cluster) == Self.bound + Self.routed)
                    #expect(try await rulesForRoutes(in: cluster) == 0)
                    try await expectAll("of kube-proxy")
                    try await cluster.run(in: .node, "bash", "-c", Self.removal)
                    #expect(try await virtualIPs(of: cluster) == Self.bound)
                    try await expectAll("without routes")
                }
            }
        }

        @Test func `a local route that is removed is back within a second, and one of ours too many is gone`()
            async throws
        {
            try await Cluster.with { cluster in
                try writeService(to: cluster)
                let daemon = try await cluster.startDaemon(
                    on: .node, "--ipvs-sync-period", "1h", "--virtual-ips", "routes")
                // Of another program, which has another protocol number.
                let foreign = "local 10.96.0.9 dev lo proto 4"
                try await cluster.run(in: .node, ["ip", "route", "add", "table", "local"] + foreign.words)
                for (own, tooMany) in [("10.96.0.7", "10.96.99.99"), ("fd00:10:96::7", "fd00:10:96::9999")] {
                    let route = own.contains(":") ? ["ip", "-6", "route"] : ["ip", "route"]
                    let ours = ["table", "local", "proto", "117", "metric", "117"]
                    try await cluster.run(in: .node, route + ["del", "local", own] + ours)
                    try await eventually("\(own) is back", within: .seconds(1)) {
                        try await virtualIPs(of: cluster).contains("local \(own) dev lo proto 117")
                    }
                    try await cluster.run(in: .node, route + ["add", "local", tooMany, "dev", "lo"] + ours)
                    try await eventually("\(tooMany) is gone", within: .seconds(1)) {
                        try await !virtualIPs(of: cluster).contains { $0.contains(tooMany) }
                    }
                }
                #expect(try await virtualIPs(of: cluster).contains { $0.hasPrefix("local 10.96.0.9 dev lo") })
                try await daemon.waitForLog(containing: "repaired what somebody else changed")

                let script = #""$@"; [ $? -ne 1 ]"#
                let check = [Daemon.path, "check", "--virtual-ips", "routes"] + cluster.daemonFlags
                let said = try await cluster.run(in: .node, ["bash", "-c", script, "-"] + check)
                #expect(
                    said.contains("virtual IPs: 0 addresses of kube-ipvs0 and 2 local routes are there\n"), "\(said)")
                #expect(said.contains("trial, IPv6: Services of TCP and UDP: works"), "\(said)")
            }
        }
    }
}

extension String {
    fileprivate var words: [String] { split(separator: " ").map(String.init) }
}
