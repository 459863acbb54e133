// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// Long connections while everything behind their virtual IP is replaced.
    @Suite struct RolloutTests {
        /// Opens connections and asks each for an echo, as its standard input says: `open COUNT`, `ask`.
        private static let client = """
            trap '' PIPE
            connections=()
            while read -r what count; do
                case $what in
                open)
                    for ((i = 0; i < count; i++)); do
                        exec {fd}<>"/dev/tcp/$0/$1" && connections+=("$fd")
                    done
                    ;;
                esac
                answers=0
                for fd in "${connections[@]}"; do
                    echo hello >&"$fd" && read -r -t 10 -u "$fd" line && [ "$line" = hello ] && answers=$((answers + 1))
                done 2>/dev/null
                echo "$answers of ${#connections[@]}"
            done
            """

        @Test func `a hundred connections outlive the replacement of all endpoints and the daemon's end`() async throws
        {
            try await Cluster.with { cluster in
                let pods: [Cluster.Place] = [.pod1, .pod2, .pod3, .pod4]
                try await cluster.serve(.echo, in: pods, port: 7)
                try await cluster.serve(.http, in: pods, port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                func replaceEndpoints(_ numbers: Int...) throws {
                    try cluster.write(
                        Manifest.service(
                            "echo", clusterIPs: Self.addresses,
                            ports: [
                                .init(name: "echo", port: 7, target: 7), .init(name: "http", port: 80, target: 8080),
                            ],
                            endpoints: numbers.flatMap { ["10.244.1.1\($0)", "fd00:10:244:1::1\($0)"] }),
                        to: "echo.yaml")
                }
                try replaceEndpoints(1, 2)
                let daemon = try await cluster.startDaemon()
                try await expectAnswers(from: ["pod-1", "pod-2"], cluster)

                try await withConnections(in: cluster) { ask in
                    func expectAllAnswer(_ command: String, _ when: Comment) async throws {
                        #expect(try await ask(command) == ["50 of 50", "50 of 50"], when)
                    }
                    try await expectAllAnswer("open 50", "at first")

                    try replaceEndpoints(2, 3)
                    try await expectAnswers(from: ["pod-2", "pod-3"], cluster)
                    try await expectAllAnswer("ask", "with one endpoint replaced")

                    try await daemon.kill()
                    try replaceEndpoints(3, 4)
                    try await expectAllAnswer("ask", "without a daemon")
                    _ = try await cluster.startDaemon()
                    try await expectAnswers(from: ["pod-3", "pod-4"], cluster)
                    try await expectAllAnswer("ask", "with all endpoints replaced")
                }
            }
        }

        @Test
        func `a connection to an endpoint that left lives until its time is up, and then its real server is gone`()
            async throws
        {
            try await Cluster.with { cluster in
                try await cluster.serve(.echo, in: [.pod1, .pod2], port: 7)
                try cluster.write(Manifest.node, to: "node.yaml")
                func write(_ endpoints: [String]) throws {
                    try cluster.write(
                        Manifest.service(
                            "echo", clusterIPs: Self.addresses, ports: [.init(port: 7, target: 7)],
                            endpoints: endpoints),
                        to: "echo.yaml")
                }
                func servers() async throws -> String {
                    try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric")
                }
                let (old, new) = (["10.244.1.11", "fd00:10:244:1::11"], ["10.244.1.12", "fd00:10:244:1::12"])
                try write(old)
                _ = try await cluster.startDaemon("--graceful-timeout", "8s")

                try await withConnections(in: cluster) { ask in
                    #expect(try await ask("open 1") == ["1 of 1", "1 of 1"])

                    try write(new)
                    try await eventually("both endpoints drain") {
                        try await servers().split(separator: "\n").count { $0.hasSuffix("-w 0") } == 2
                    }
                    let begin = ContinuousClock.now
                    #expect(try await ask("ask") == ["1 of 1", "1 of 1"])
                    try await eventually("their time is up") {
                        let servers = try await servers()
                        return !old.contains { servers.contains($0) }
                    }
                    // Less what it took to see them drain.
                    #expect(ContinuousClock.now - begin > .seconds(5))
                    let servers = try await servers()
                    #expect(new.allSatisfy { servers.contains($0) })
                    #expect(try await ask("ask") == ["0 of 1", "0 of 1"])
                }
            }
        }

        // MARK: Clients

        /// Where the Service is, in each family.
        private static let addresses = ["10.96.0.7", "fd00:10:96::7"]

        /// Runs a client of each family while `body` runs.
        ///
        /// - Parameter body: is handed what tells both clients something, and gives back what they say.
        private func withConnections(
            in cluster: Cluster,
            _ body: (_ ask: @escaping (String) async throws -> [String?]) async throws -> Void
        ) async throws {
            try await withClient(of: Self.addresses[0], in: cluster) { askFour in
                try await withClient(of: Self.addresses[1], in: cluster) { askSix in
                    try await body { command in [try await askFour(command), try await askSix(command)] }
                }
            }
        }

        private func withClient(
            of address: String,
            in cluster: Cluster,
            _ body: (_ ask: @escaping (String) async throws -> String?) async throws -> Void
        ) async throws {
            try await cluster.withProgram(["bash", "-c", Self.client, address, "7"], in: .client) { ask in
                try await body { command in try await ask(command).map { String($0.prefix { !$0.isNewline }) } }
            }
        }

        /// Waits until these answer, and sees that of many connections none goes to another.
        private func expectAnswers(from names: Set<String>, _ cluster: Cluster) async throws {
            for url in ["http://10.96.0.7/", "http://[fd00:10:96::7]/"] {
                try await eventually("\(names) answer") {
                    try await Set(cluster.answers(to: url, from: .client, requests: 4)) == names
                }
                #expect(try await Set(cluster.answers(to: url, from: .client, requests: 20)) == names)
            }
        }
    }
}
