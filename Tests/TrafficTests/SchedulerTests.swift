// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// Schedulers and weights that Services choose.
    @Suite struct SchedulerTests {
        /// Opens twenty connections and keeps them, once it is told to.
        private static let client = """
            while read -r; do
                for ((i = 0; i < 20; i++)); do exec {fd}<>"/dev/tcp/$0/$1" && ((open++)); done
                echo "$open"
            done
            """

        @Test(arguments: [["--ipvs-scheduler", "mh"], []])
        func `a rolling update with mh refuses nobody, while the old endpoints drain`(options: [String]) async throws {
            try await Cluster.with { cluster in
                let pods: [Cluster.Place] = [.pod1, .pod2, .pod3, .pod4]
                try await cluster.serve(.echo, in: pods, port: 7)
                try await cluster.serve(.http, in: pods, port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                func replaceEndpoints(_ numbers: Int...) throws {
                    let text = Manifest.service(
                        "echo", clusterIPs: Self.addresses,
                        ports: [.init(name: "echo", port: 7, target: 7), .init(name: "http", port: 80, target: 8080)],
                        endpoints: numbers.flatMap { ["10.244.1.1\($0)", "fd00:10:244:1::1\($0)"] })
                    // With the configured scheduler the Service asks for the fallback flag; with its own it has that.
                    let annotation = options.isEmpty ? "scheduler: mh" : "scheduler-flags: 'mh-port,mh-fallback'"
                    try cluster.write(
                        text.replacing(
                            "namespace: test}\nspec:",
                            with: "namespace: test, annotations: {kube-ipvs.io/\(annotation)}}\nspec:"),
                        to: "echo.yaml")
                }
                try replaceEndpoints(1, 2)
                try await cluster.startDaemonOnly(on: .node, options).waitForFirstPass()
                let urls = ["http://10.96.0.7/", "http://[fd00:10:96::7]/"]
                for url in urls {
                    try await eventually("both answer") {
                        try await Set(cluster.answers(to: url, from: .client, requests: 20)) == ["pod-1", "pod-2"]
                    }
                }
                // Open connections keep the old endpoints of one port draining, closed ones those of the other: for two minutes.
                try await withConnections(in: cluster) {
                    try replaceEndpoints(3, 4)
                    try await eventually("the old endpoints drain") {
                        let servers = try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric")
                        let draining = servers.split(separator: "\n").filter { $0.hasSuffix("-w 0") }
                        return draining.count == 8 && servers.contains("-b mh-fallback,mh-port")
                    }
                    for url in urls {
                        // A refused one ends it with an error.
                        let answers = try await cluster.answers(to: url, from: .client, requests: 60)
                        #expect(answers.count == 60 && Set(answers) == ["pod-3", "pod-4"])
                    }
                }
            }
        }

        @Test func `weights share connections out, and an edit of them keeps connections`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1, .pod2], port: 8080)
                try await cluster.serve(.echo, in: [.pod1, .pod2], port: 7)
                try cluster.write(Manifest.node, to: "node.yaml")
                func write(_ annotations: String) throws {
                    let text = Manifest.service(
                        "echo", clusterIPs: Self.addresses,
                        ports: [.init(name: "echo", port: 7, target: 7), .init(name: "http", port: 80, target: 8080)],
                        endpoints: ["10.244.1.11", "10.244.1.12"],
                        states: ["10.244.1.12": Manifest.elsewhere])
                    try cluster.write(
                        text.replacing(
                            "namespace: test}\nspec:", with: "namespace: test, annotations: {\(annotations)}}\nspec:"),
                        to: "echo.yaml")
                }
                func share() async throws -> [String: Int] {
                    let answers = try await cluster.answers(to: "http://10.96.0.7/", from: .client, requests: 40)
                    return Dictionary(grouping: answers) { $0 }.mapValues(\.count)
                }
                try write(#"kube-ipvs.io/scheduler: wrr, kube-ipvs.io/weights: "same-node=3""#)
                _ = try await cluster.startDaemon()
                #expect(try await share() == ["pod-1": 30, "pod-2": 10])
                try await cluster.withConnection(to: "10.96.0.7", port: 7, from: .client) { echoes in
                    try write(#"kube-ipvs.io/scheduler: sed, kube-ipvs.io/weights: "node/node-2=9""#)
                    try await eventually("it is edited") {
                        try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric").contains("-w 9")
                    }
                    #expect(try await echoes("hello"))
                }
            }
        }

        // MARK: Support

        private static let addresses = ["10.96.0.7", "fd00:10:96::7"]

        /// Holds twenty connections of each family while `body` runs.
        private func withConnections(in cluster: Cluster, _ body: () async throws -> Void) async throws {
            func connect(_ address: String, _ body: () async throws -> Void) async throws {
                try await cluster.withProgram(["bash", "-c", Self.client, address, "7"], in: .client) { ask in
                    #expect(try await ask("open")?.prefix { !$0.isNewline } == "20")
                    try await body()
                }
            }
            try await connect(Self.addresses[0]) { try await connect(Self.addresses[1], body) }
        }
    }
}
