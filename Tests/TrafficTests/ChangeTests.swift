// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

extension TrafficSuite {
    /// What becomes of traffic when the manifests change while the daemon runs.
    @Suite struct ChangeTests {
        private func web(_ endpoints: [String]) -> String {
            Manifest.service(
                "web", clusterIPs: ["10.96.0.10", "fd00:10:96::10"], ports: [.init(port: 80, target: 8080)],
                endpoints: endpoints)
        }

        @Test func `whoever the slice names now is who answers`() async throws {
            try await Cluster.with { cluster in
                try await cluster.serve(.http, in: [.pod1, .pod2], port: 8080)
                try cluster.write(Manifest.node, to: "node.yaml")
                let pods = [
                    "pod-1": ["10.244.1.11", "fd00:10:244:1::11"], "pod-2": ["10.244.1.12", "fd00:10:244:1::12"],
                ]
                func replaceEndpoints(_ names: Set<String>) throws {
                    try cluster.write(web(names.flatMap { pods[$0, default: []] }), to: "web.yaml")
                }
                try replaceEndpoints(["pod-1"])
                _ = try await cluster.startDaemon()
                for names in [["pod-1"], ["pod-2"], ["pod-1", "pod-2"]] as [Set<String>] {
                    try replaceEndpoints(names)
                    for url in ["http://10.96.0.10/", "http://[fd00:10:96::10]/"] {
                        try await eventually("\(names) answer at \(url)") {
                            try await Set(cluster.answers(to: url, from: .client, requests: 4)) == names
                        }
                    }
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
