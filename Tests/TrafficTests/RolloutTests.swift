import Subprocess
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
                            "echo", clusterIPs: ["10.96.0.7", "fd00:10:96::7"],
                            ports: [
                                .init(name: "echo", port: 7, target: 7), .init(name: "http", port: 80, target: 8080),
                            ],
                            endpoints: numbers.flatMap { ["10.244.1.1\($0)", "fd00:10:244:1::1\($0)"] }),
                        to: "echo.yaml")
                }
                try replaceEndpoints(1, 2)
                var daemon = try await cluster.startDaemon()

                for (address, host) in [("10.96.0.7", "10.96.0.7"), ("fd00:10:96::7", "[fd00:10:96::7]")] {
                    try replaceEndpoints(1, 2)
                    try await expectAnswers(from: ["pod-1", "pod-2"], host, cluster)

                    let words = ["netns", "exec", "client", "bash", "-c", Self.client, address, "7"]
                    _ = try await Subprocess.run(
                        .name("ip"), arguments: Arguments(words), input: .inputWriter, output: .sequence,
                        error: .discarded
                    ) { connections in
                        var lines = connections.standardOutput.strings().makeAsyncIterator()
                        func expectAllAnswer(_ command: String, _ when: Comment) async throws {
                            _ = try await connections.standardInputWriter.write(command + "\n")
                            #expect(try await lines.next()?.contains("50 of 50") == true, when)
                        }
                        try await expectAllAnswer("open 50", "at first")

                        try replaceEndpoints(2, 3)
                        try await expectAnswers(from: ["pod-2", "pod-3"], host, cluster)
                        try await expectAllAnswer("ask", "with one endpoint replaced")

                        try await daemon.kill()
                        try replaceEndpoints(3, 4)
                        try await expectAllAnswer("ask", "without a daemon")
                        daemon = try await cluster.startDaemon()
                        try await expectAnswers(from: ["pod-3", "pod-4"], host, cluster)
                        try await expectAllAnswer("ask", "with all endpoints replaced")
                        try await connections.standardInputWriter.finish()
                    }
                }
            }
        }

        @Test(arguments: [
            ("10.96.0.7", ["10.244.1.11", "10.244.1.12"]),
            ("fd00:10:96::7", ["fd00:10:244:1::11", "fd00:10:244:1::12"]),
        ])
        func `a connection to an endpoint that left lives until its time is up, and then its real server is gone`(
            address: String, endpoints: [String]
        ) async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.echo, in: [.pod1, .pod2], port: 7)
                try cluster.write(Manifest.node, to: "node.yaml")
                func write(_ endpoint: String) throws {
                    try cluster.write(
                        Manifest.service(
                            "echo", clusterIPs: [address], ports: [.init(port: 7, target: 7)], endpoints: [endpoint]),
                        to: "echo.yaml")
                }
                func servers() async throws -> String {
                    try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric")
                }
                try write(endpoints[0])
                _ = try await cluster.startDaemon("--graceful-timeout", "8s")

                let words = ["netns", "exec", "client", "bash", "-c", Self.client, address, "7"]
                _ = try await Subprocess.run(
                    .name("ip"), arguments: Arguments(words), input: .inputWriter, output: .sequence, error: .discarded
                ) { connections in
                    var lines = connections.standardOutput.strings().makeAsyncIterator()
                    func ask(_ command: String) async throws -> String? {
                        _ = try await connections.standardInputWriter.write(command + "\n")
                        return try await lines.next().map { String($0.prefix { !$0.isNewline }) }
                    }
                    #expect(try await ask("open 1") == "1 of 1")

                    try write(endpoints[1])
                    try await eventually("the endpoint drains") { try await servers().contains("-w 0") }
                    let begin = ContinuousClock.now
                    #expect(try await ask("ask") == "1 of 1")
                    try await eventually("its time is up") { try await !servers().contains(endpoints[0]) }
                    // Less what it took to see it drain.
                    #expect(ContinuousClock.now - begin > .seconds(5))
                    #expect(try await servers().contains(endpoints[1]))
                    #expect(try await ask("ask") == "0 of 1")
                    try await connections.standardInputWriter.finish()
                }
            }
        }

        /// Waits until these answer, and sees that of many connections none goes to another.
        private func expectAnswers(from names: Set<String>, _ host: String, _ cluster: Cluster) async throws {
            try await eventually("\(names) answer") {
                try await Set(cluster.answers(to: "http://\(host)/", from: .client, requests: 4)) == names
            }
            #expect(try await Set(cluster.answers(to: "http://\(host)/", from: .client, requests: 20)) == names)
        }
    }
}
