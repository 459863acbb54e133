// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// `kube-ipvs diag`: an archive for a bug report, here on a machine that need not be a node.
struct DiagTests {
    private struct Archive {
        var files: [String: String]

        /// The text of a part; where it could not be had, the reason.
        subscript(name: String) -> String? {
            files["kube-ipvs-diag/\(name)"] ?? files["kube-ipvs-diag/\(name).missing"]
        }
    }

    private static func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "diag-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    /// Makes an archive, and unpacks it with the system's tar.
    private static func diag(in folder: String, _ arguments: String...) async throws -> Archive {
        let outcome = try await Program.run([Program.path, "diag", "--file", "\(folder)/diag.tar"] + arguments)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let mode = try FileManager.default.attributesOfItem(atPath: "\(folder)/diag.tar")[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let tar = try await Program.run(["tar", "-xf", "\(folder)/diag.tar", "-C", folder])
        #expect(tar.status == 0 && tar.errors == "", "\(tar.errors)")
        var files: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/kube-ipvs-diag") {
            let data = try Data(contentsOf: URL(filePath: "\(folder)/kube-ipvs-diag/\(name)"))
            files["kube-ipvs-diag/\(name)"] = String(decoding: data, as: UTF8.self)
        }
        return Archive(files: files)
    }

    @Test func `an archive has a file for each part, or a file with the reason why it could not be had`() async throws {
        try await Self.withFolder { folder in
            try FileManager.default.createDirectory(
                atPath: "\(folder)/objects", withIntermediateDirectories: true)
            let archive = try await Self.diag(
                in: folder, "--manifests=\(folder)/objects", "--hostname-override=worker-1")
            for name in [
                "version.txt", "configuration.yaml", "flags.txt", "status.json", "status.txt", "check.txt", "plan.txt",
                "servers.txt", "counters.txt", "timeouts.txt", "sets.txt", "addresses.txt", "routes.txt", "sysctls.txt",
                "modules.txt", "kernel.txt", "kernel-log.txt", "daemon-log.txt", "rules-IPv4.txt",
            ] {
                #expect(archive[name]?.isEmpty == false, "\(name)")
            }
            #expect(archive.files["kube-ipvs-diag/version.txt"]?.hasPrefix("0.1.0") == true)
            #expect(archive.files["kube-ipvs-diag/flags.txt"]?.contains("--hostname-override=worker-1\n") == true)
            #expect(archive["status.txt"]?.contains("no daemon of kube-ipvs answers on the local socket") == true)
        }
    }

    private static let secrets = [
        "sEcReT-token-of-a-file", "sEcReT-token-inline", "sEcReT-value-of-environment", "sEcReT-argument",
        "sEcReT-password", "c0VjUmVULWtleQ==", "sEcReT-account",
    ]

    @Test func `no secret of the kubeconfig is in the archive, wherever it would be repeated`() async throws {
        try await Self.withFolder { folder in
            try "\(Self.secrets[0])\n".write(toFile: "\(folder)/token", atomically: true, encoding: .utf8)
            try """
            apiVersion: v1
            kind: Config
            clusters:
              - name: default
                cluster: {server: "https://127.0.0.1:1", proxy-url: "http://me:\(Self.secrets[6])@127.0.0.1:2"}
            users:
              - name: default
                user:
                  tokenFile: \(folder)/token
              - name: other
                user:
                  token: \(Self.secrets[1])
                  password: \(Self.secrets[4])
                  client-key-data: \(Self.secrets[5])
                  exec:
                    apiVersion: client.authentication.k8s.io/v1
                    command: get-token
                    args: [--secret, \(Self.secrets[3])]
                    env: [{name: SECRET, value: \(Self.secrets[2])}]
            contexts:
              - name: default
                context: {cluster: default, user: default}
            current-context: default
            """.write(toFile: "\(folder)/kubeconfig", atomically: true, encoding: .utf8)
            // Somebody has logged them all.
            try Self.secrets.map { "http://x:\($0)@host/ \($0)\n" }.joined()
                .write(toFile: "\(folder)/log", atomically: true, encoding: .utf8)
            let archive = try await Self.diag(
                in: folder, "--kubeconfig=\(folder)/kubeconfig", "--daemon-log=\(folder)/log")
            let all = archive.files.values.joined()
            for secret in Self.secrets.dropLast() { #expect(!all.contains(secret), "\(secret)") }
            #expect(!all.contains("me:\(Self.secrets[6])"))
            #expect(archive["daemon-log.txt"]?.hasPrefix("http://(left out)@host/ (left out)\n") == true)
            #expect(archive["flags.txt"]?.contains("--kubeconfig=\(folder)/kubeconfig\n") == true)
        }
    }

    @Test func `of a long log the last 2,000 lines are taken, and of a long line what fits`() async throws {
        try await Self.withFolder { folder in
            let lines = (0..<300_000).map { "line \($0)\n" }.joined()
            try lines.write(toFile: "\(folder)/log", atomically: true, encoding: .utf8)
            let archive = try await Self.diag(in: folder, "--manifests=\(folder)", "--daemon-log=\(folder)/log")
            let taken = try #require(archive["daemon-log.txt"])
            #expect(taken.hasPrefix("line 298000\n") && taken.hasSuffix("line 299999\n"))
        }
        try await Self.withFolder { folder in
            let line = String(repeating: "x", count: 20 << 20)
            try line.write(toFile: "\(folder)/log", atomically: true, encoding: .utf8)
            let archive = try await Self.diag(in: folder, "--manifests=\(folder)", "--daemon-log=\(folder)/log")
            #expect(archive["daemon-log.txt"]?.utf8.count == 8 << 20)
        }
    }

    @Test func `a file that is there already is left alone`() async throws {
        try await Self.withFolder { folder in
            try "mine".write(toFile: "\(folder)/diag.tar", atomically: true, encoding: .utf8)
            let outcome = try await Program.run("diag", "--file", "\(folder)/diag.tar")
            #expect(outcome.status == 1 && outcome.errors.contains("cannot write \(folder)/diag.tar: File exists"))
            #expect(try String(contentsOfFile: "\(folder)/diag.tar", encoding: .utf8) == "mine")
        }
    }
}
