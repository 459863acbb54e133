// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import SystemTesting
import Testing

extension TrafficSuite {
    /// Whether packets do what `kube-ipvs trace` says of them.
    @Suite struct TraceTruthTests {
        /// Who asks, with the addresses that a trace is given.
        private static let askers: [(place: Cluster.Place, four: String, six: String)] = [
            (.node, "node", "node"),
            (.pod1, TracedWorld.address(ofPod: 11, six: false), TracedWorld.address(ofPod: 11, six: true)),
            (.pod4, TracedWorld.address(ofPod: 14, six: false), TracedWorld.address(ofPod: 14, six: true)),
            (.pod5, TracedWorld.address(ofPod: 15, six: false), TracedWorld.address(ofPod: 15, six: true)),
            (.client, "192.168.50.100", "fd00:50::100"),
            (.outsider, "198.51.100.7", "fd00:51::7"),
        ]

        private static let configurations = [
            [], ["--masquerade-all"], ["--cluster-cidr", ""], ["--detect-local-mode", "NodeCIDR"],
            ["--detect-local-mode", "InterfaceNamePrefix", "--pod-interface-name-prefix", "pod-"],
        ]

        @Test func `real requests do what a trace says of them, for Services, policies and sources at random`()
            async throws
        {
            let seed = UInt64.random(in: 0..<1_000_000)
            try await follow(seed)
        }

        @Test(arguments: [UInt64(1)])
        func `real requests do what a trace says of them, for one seed that is always the same`(seed: UInt64)
            async throws
        {
            try await follow(seed)
        }

        private func follow(_ seed: UInt64) async throws {
            print("trace against requests: seed \(seed)")
            var random = SeededGenerator(seed: seed)
            var count = 0
            var outcomes: [String: Int] = [:]
            try await Cluster.with { cluster in
                try await cluster.addSecondNode()
                // By default a node says to one host once a second that nothing is there.
                try await cluster.run(
                    in: .node, "sysctl", "-q", "-w", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
                let servers: [Cluster.Place] = [.pod1, .pod2, .pod3, .pod5]
                try await cluster.serve(.http, in: servers, port: 8080)
                try await cluster.serve(.udp, in: servers, port: 5353)
                var configurations = Self.configurations.shuffled(using: &random).prefix(3)
                configurations[2] += ["--virtual-ips", "routes"]
                for (number, flags) in configurations.enumerated() {
                    let world = TracedWorld(number, services: 5, flags: flags, &random)
                    let results = try await results(of: world, in: cluster)
                    for result in results {
                        count += 1
                        outcomes[result.trace.outcome, default: 0] += 1
                        #expect(
                            result.isTrue,
                            "seed \(seed), \(world.flags), \(result.place) to \(result.target.attempt): \(result.words)"
                        )
                    }
                }
            }
            print("trace against requests: seed \(seed), \(count) combinations, \(outcomes)")
            #expect(count >= 300)
            // A random world that misses one of these would show nothing of it.
            for outcome in ["reaches", "refused", "notLocal", "notAService"] {
                #expect(outcomes[outcome, default: 0] > 0, "seed \(seed): \(outcome)")
            }
        }

        /// What a trace said, and what came of a request.
        fileprivate struct Comparison {
            var place: Cluster.Place
            var target: TracedWorld.Target
            var trace: TraceDocument
            var answer: String
        }

        private func results(of world: TracedWorld, in cluster: Cluster) async throws -> [Comparison] {
            let folder = cluster.folder + "/manifests"
            for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
                try FileManager.default.removeItem(atPath: "\(folder)/\(file)")
            }
            try cluster.write(Manifest.node, to: "node.yaml")
            for (file, text) in world.manifests { try cluster.write(text, to: file) }
            let daemon = try await cluster.startDaemonOnly(world.flags)
            try await daemon.waitForFirstPass()
            let traces = try await traces(of: world, in: cluster)
            let answers = try await answers(to: world, in: cluster)
            try await daemon.stop()
            return zip(Self.askers, answers).enumerated().flatMap { index, pair in
                let (asker, answers) = pair
                return zip(world.targets, answers).enumerated().map { place, pair in
                    Comparison(
                        place: asker.place, target: pair.0, trace: traces[index * world.targets.count + place],
                        answer: pair.1)
                }
            }
        }

        /// By asker, and then by target.
        private func traces(of world: TracedWorld, in cluster: Cluster) async throws -> [TraceDocument] {
            let questions = Self.askers.flatMap { asker in
                world.targets.map { "\($0.address.contains(":") ? asker.six : asker.four) \($0.traced)\n" }
            }
            let file = cluster.folder + "/questions"
            try questions.joined().write(toFile: file, atomically: true, encoding: .utf8)
            let words = [Daemon.path, "trace", "-o", "json", "--questions", file] + cluster.daemonFlags + world.flags
            // Some are not reached, which is status 1.
            let text = try await cluster.run(in: .node, ["bash", "-c", #""$@" || [ $? -eq 1 ]"#, "-"] + words)
            let documents = try TraceDocument.all(in: text)
            try #require(documents.count == questions.count, "\(text.suffix(2000))")
            return documents
        }

        private func answers(to world: TracedWorld, in cluster: Cluster) async throws -> [[String]] {
            let lines = world.targets.map { $0.attempt + "\n" }.joined()
            let script = Cluster.root + "/Tests/network/attempt"
            return try await withThrowingTaskGroup(of: (Int, [String]).self) { group in
                for (index, asker) in Self.askers.enumerated() {
                    group.addTask {
                        let words = ["ip", "netns", "exec", asker.place.rawValue, script]
                        let text = try await output(of: words, input: lines)
                        return (index, text.split(separator: "\n").map(String.init))
                    }
                }
                var answers = Array(repeating: [String](), count: Self.askers.count)
                for try await (index, lines) in group { answers[index] = lines }
                return answers
            }
        }
    }
}

extension TrafficSuite.TraceTruthTests.Comparison {
    fileprivate var words: String { "traced \"\(trace.verdict)\", and it was \(answer); \(trace.deliveries)" }

    fileprivate var isTrue: Bool {
        switch trace.outcome {
        case "reaches":
            // Where one of several endpoints is out of reach, silence is what it comes to with that one.
            if answer == "silent" { return trace.deliveries.contains { $0.lost != nil } }
            return trace.deliveries.contains { delivery in
                guard let client = delivery.client else { return false }
                return answer == "\(delivery.pod) answers \(client)"
            }
        case "refused", "notAService": return answer == "refused"
        case "dropped": return answer == "silent"
        // The node has no route for what is not its own.
        case "notLocal": return answer == "unreachable"
        default: return false
        }
    }
}

/// What of a trace's JSON the test looks at.
struct TraceDocument: Decodable, CustomStringConvertible {
    struct Delivery: Decodable {
        var realServer: String
        var client: String?
        var lost: String?

        /// The pod with that address, such as `pod-1`.
        var pod: String {
            let address = realServer.prefix { $0 != "]" }.split(separator: ":").last.map(String.init) ?? ""
            let four = realServer.split(separator: ":")[0].split(separator: ".").last.map(String.init) ?? ""
            return "pod-" + String((realServer.hasPrefix("[") ? address : four).suffix(1))
        }
    }

    var schemaVersion: Int
    var outcome: String
    var verdict: String
    var deliveries: [Delivery]

    var description: String { verdict }

    /// Documents that were written one after the other.
    static func all(in text: String) throws -> [TraceDocument] {
        var documents: [String] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix(#"{"schemaVersion""#) { documents.append("") }
            documents[documents.count - 1] += line + "\n"
        }
        return try documents.map { try JSONDecoder().decode(TraceDocument.self, from: Data($0.utf8)) }
    }
}
