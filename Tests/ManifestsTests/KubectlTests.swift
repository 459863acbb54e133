// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import KubernetesTesting
import Subprocess
import Testing

/// The manifests as kubectl takes them, against the test server.
@Suite(.timeLimit(.minutes(5))) struct KubectlTests {
    private static let root = #filePath.components(separatedBy: "/Tests/").dropLast().joined(separator: "/Tests/")

    private static let all = ["serviceaccount", "clusterrole", "clusterrolebinding", "configmap", "daemonset"]
    /// The ConfigMap is a copy of kube-proxy's, and is made by hand.
    private static let withoutConfiguration = ["serviceaccount", "clusterrole", "clusterrolebinding", "daemonset"]

    @Test(arguments: [
        ("base", all),
        ("kubeadm", withoutConfiguration),
        ("rke2", all),
        ("k3s", all),
        ("kops", all),
        ("node-by-node/base", all),
        ("node-by-node/kubeadm", withoutConfiguration),
        ("node-by-node/rke2", all),
        ("node-by-node/k3s", all),
        ("node-by-node/kops", all),
        ("virtual-ips-as-routes/kubeadm", withoutConfiguration),
        ("dry-run/kubeadm", withoutConfiguration),
        ("preflight", withoutConfiguration),
        ("monitoring", ["configmap", "podmonitor", "prometheusrule"]),
    ])
    func `kubectl would apply it without a word of complaint`(folder: String, kinds: [String]) async throws {
        try await HTTPAPIServer.run(FakeAPIServer()) { server in
            let result = try await run(
                .name("kubectl"),
                arguments: [
                    // The test server has no schema to validate by.
                    "apply", "--dry-run=client", "--validate=false", "--server", "http://127.0.0.1:\(server.port)",
                    "--kustomize", "\(Self.root)/Manifests/\(folder)",
                ],
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            #expect(result.terminationStatus.isSuccess)
            #expect(result.standardError.isEmpty)
            let applied = result.standardOutput.split(separator: "\n")
            #expect(applied.allSatisfy { $0.hasSuffix(" created (dry run)") })
            #expect(Set(applied.map { $0.prefix { $0 != "." && $0 != "/" } }) == Set(kinds.map { $0[...] }))
        }
    }
}
