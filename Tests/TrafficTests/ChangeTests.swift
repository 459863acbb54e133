import SystemTesting
import Testing

extension TrafficSuite {
    /// What becomes of traffic when the manifests change while the daemon runs.
    @Suite struct ChangeTests {
        private func web(_ endpoints: [String], clusterIP: String = "10.96.0.10") -> String {
            Manifest.service(
                "web", clusterIPs: [clusterIP], ports: [.init(port: 80, target: 8080)], endpoints: endpoints)
        }

        @Test func `whoever the slice names now is who answers`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1, .pod2], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(web(["10.244.1.11"]), to: "web.yaml")
                _ = try await cluster.startDaemon()
                #expect(try await Set(cluster.answers(to: "http://10.96.0.10/", from: .client)) == ["pod-1"])

                try cluster.write(web(["10.244.1.12"]), to: "web.yaml")
                try await eventually("only pod-2 answers") {
                    try await Set(cluster.answers(to: "http://10.96.0.10/", from: .client, requests: 3)) == ["pod-2"]
                }

                try cluster.write(web(["10.244.1.11", "10.244.1.12"]), to: "web.yaml")
                try await eventually("both answer") {
                    try await Set(cluster.answers(to: "http://10.96.0.10/", from: .client, requests: 4))
                        == ["pod-1", "pod-2"]
                }
            }
        }

        @Test func `a file that does not parse is told of by name, and takes nothing away`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1, .pod2], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                try cluster.write(web(["10.244.1.11"]), to: "web.yaml")
                let other = { (endpoint: String) in
                    Manifest.service(
                        "other", clusterIPs: ["10.96.0.11"], ports: [.init(port: 80, target: 8080)],
                        endpoints: [endpoint])
                }
                try cluster.write(other("10.244.1.11"), to: "other.yaml")
                let daemon = try await cluster.startDaemon()

                try cluster.write("kind: Service\nmetadata: {name: [\n", to: "web.yaml")
                try await daemon.waitForLog(containing: "web.yaml")
                #expect(
                    try await Set(cluster.answers(to: "http://10.96.0.10/", from: .client, requests: 2)) == ["pod-1"])

                // The files beside it still count.
                try cluster.write(other("10.244.1.12"), to: "other.yaml")
                try await eventually("the other file's change takes effect") {
                    try await Set(cluster.answers(to: "http://10.96.0.11/", from: .client, requests: 2)) == ["pod-2"]
                }
                #expect(
                    try await Set(cluster.answers(to: "http://10.96.0.10/", from: .client, requests: 2)) == ["pod-1"])

                try cluster.write(web(["10.244.1.12"]), to: "web.yaml")
                try await eventually("the mended file takes effect") {
                    try await Set(cluster.answers(to: "http://10.96.0.10/", from: .client, requests: 2)) == ["pod-2"]
                }
            }
        }
    }
}
