// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import FoundationEssentials
import KubernetesObjects
import KubernetesTesting
import SystemTesting
import Testing

/// An API server that can go and come back at its port, and the files that a Pod of kube-proxy has.
actor ClusterOfOne {
    let api: FakeAPIServer
    nonisolated let folder: String
    private(set) var port = 0
    private var isWanted = true
    private let changes = AsyncStream.makeStream(of: Void.self)
    private let listening = AsyncStream.makeStream(of: Int.self)

    init(api: FakeAPIServer, folder: String) {
        self.api = api
        self.folder = folder
    }

    func serverGoes() {
        isWanted = false
        changes.continuation.yield()
    }

    func serverComesBack() {
        isWanted = true
        changes.continuation.yield()
    }

    func run() async throws {
        var changes = changes.stream.makeAsyncIterator()
        while !Task.isCancelled {
            if isWanted {
                try await serve()
            } else {
                _ = await changes.next(isolation: self)
            }
        }
    }

    private func serve() async throws {
        let tls = HTTPAPIServer.TLS(certificate: TestCertificates.server, key: TestCertificates.serverKey)
        try await HTTPAPIServer.run(api, tls: tls, port: port) { server in
            await self.note(server.port)
            await self.waitUntilUnwanted()
        }
    }

    private func note(_ port: Int) {
        self.port = port
        listening.continuation.yield(port)
    }

    private func waitUntilUnwanted() async {
        while isWanted, !Task.isCancelled {
            // Cancellation ends the sleep early, and the loop with it.
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// What kubeadm's ConfigMap and the kubelet give kube-proxy.
    ///
    /// - Parameter changes: Texts of the configuration, and what is put in their place.
    func writeFiles(changing changes: [String: String]) async throws {
        var ports = listening.stream.makeAsyncIterator()
        guard let port = await ports.next(isolation: self) else { throw CancellationError() }
        let fixture = try String(
            contentsOfFile: Cluster.root + "/Tests/KubeProxyConfigTests/Fixtures/kubeadm-1.36.yaml", encoding: .utf8)
        for name in ["config.conf", "kubeconfig.conf"] {
            var text = try Self.value(of: name, in: fixture)
                .replacing("/var/lib/kube-proxy/", with: folder + "/")
                .replacing("/var/run/secrets/kubernetes.io/serviceaccount/", with: folder + "/")
                .replacing("https://192.0.2.10:6443", with: "https://127.0.0.1:\(port)")
            for (old, new) in changes { text = text.replacing(old, with: new) }
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        try TestCertificates.authority.write(toFile: folder + "/ca.crt", atomically: true, encoding: .utf8)
        try "a-token".write(toFile: folder + "/token", atomically: true, encoding: .utf8)
    }

    /// The text block of a key of the ConfigMap.
    private static func value(of key: String, in configMap: String) throws -> String {
        let lines = configMap.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0 == "  \(key): |-" })
        return lines[(start + 1)...].prefix { $0.hasPrefix("    ") }.map { $0.dropFirst(4) }.joined(separator: "\n")
    }

    /// - Parameter traced: whether what it executes is written to the file `executed`, and PATH has iptables alone.
    func startDaemon(traced: Bool) async throws -> RunningProgram {
        let log = folder + "/daemon.log"
        var prefix = ""
        if traced {
            let programs = folder + "/programs"
            try await output(of: "mkdir", programs)
            try await output(
                of:
                    "bash", "-c",
                #"ln -s $(PATH=/usr/sbin:/sbin compgen -c | grep -E '^ip6?tables' | sort -u | sed 's|^|/usr/sbin/|') "$0""#,
                programs)
            // -D: the traced program keeps the process identifier.
            prefix = """
                env -i PATH='\(programs)' '\(try await output(of: "which", "strace"))' -D -f -qq -e trace=execve,execveat \
                -o '\(folder)/executed'
                """
        }
        let line = """
            : >'\(log)'; setsid \(prefix) '\(Daemon.path)' --config='\(folder)/config.conf' --hostname-override=node-1 \
            </dev/null >>'\(log)' 2>&1 & echo $!
            """
        let identifier = try #require(Int(try await output(of: "bash", "-c", line)))
        return RunningProgram(identifier: identifier, log: log)
    }
}
