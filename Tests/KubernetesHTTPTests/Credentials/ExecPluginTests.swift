// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import InMemoryLogging
import KubernetesObjects
import KubernetesTesting
import Logging
import Subprocess
import Testing

@testable import KubernetesHTTP

struct ExecPluginTests {
    private let directory: TestDirectory

    init() throws {
        directory = try TestDirectory()
        try directory.write("runs", "")
    }

    /// A plugin that prints the file `reply`, and notes that it ran.
    private func plugin(_ script: String = "cat \"$D/reply\"") throws -> ExecPlugin {
        let program = try directory.write(
            "plugin",
            "#!/bin/sh\nD='\(directory.path)'\necho run >>\"$D/runs\"\n\(script)\n",
            isProgram: true
        )
        return ExecPlugin(version: .v1, command: program)
    }

    private var runs: Int {
        get throws { try directory.read("runs").split(separator: "\n").count }
    }

    private func reply(_ status: String, version: String = "v1") throws {
        try directory.write(
            "reply",
            #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/\#(version)","status":{\#(status)}}"#
        )
    }

    private func connection(_ plugin: ExecPlugin) -> ClusterConnection {
        var connection = ClusterConnection(server: ServerAddress(host: "a", port: 1))
        connection.user.authorization = .plugin(plugin)
        return connection
    }

    private func store(_ plugin: ExecPlugin) -> CredentialStore {
        CredentialStore(connection(plugin), fileAge: .zero, logger: .silent)
    }

    private func run(_ plugin: ExecPlugin, info: JSONValue = .null) -> ExecRun {
        ExecRun(plugin: plugin, info: info, logger: .silent)
    }

    private func failure(_ plugin: ExecPlugin) async -> String? {
        guard case .failure(let error) = await run(plugin).credential() else { return nil }
        return error.description
    }

    @Test func `the token of a plugin is shown`() async throws {
        try reply(#""token":"t0ken""#)
        let session = try await store(plugin()).session()
        #expect(session.headers == [Secret(Header(name: "Authorization", value: "Bearer t0ken"))])
    }

    @Test func `the client certificate of a plugin is shown`() async throws {
        let chain = TestCertificates.client.replacing("\n", with: "\\n")
        let key = TestCertificates.clientKey.replacing("\n", with: "\\n")
        try reply(#""clientCertificateData":"\#(chain)","clientKeyData":"\#(key)""#)
        let session = try await store(plugin()).session()
        #expect(session.tls.identity?.chain == Array(TestCertificates.client.utf8))
        #expect(session.headers == [])
    }

    @Test func `a plugin runs once for all who wait, and again only when it must`() async throws {
        try reply(#""token":"one""#)
        let store = try store(plugin())
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 { group.addTask { _ = try await store.session() } }
            try await group.waitForAll()
        }
        #expect(try runs == 1)

        let old = try await store.session()
        try reply(#""token":"two""#)
        #expect(await store.refused(old))
        let new = try await store.session()
        #expect(new != old)
        #expect(try runs == 2)
        // Somebody else who was refused with the old one too does not cost the new one.
        #expect(await store.refused(old))
        #expect(try await store.session() == new)
        #expect(try runs == 2)
    }

    @Test func `a plugin runs again when what it gave has expired`() async throws {
        try reply(#""token":"t","expirationTimestamp":"2026-01-01T00:00:00Z""#)
        let expiration = try #require(UnixTime(rfc3339: "2026-01-01T00:00:00Z"))
        let before = PluginCredentials(run(try plugin())) { UnixTime(microseconds: expiration.microseconds - 1) }
        _ = try await before.current()
        _ = try await before.current()
        #expect(try runs == 1)
        let after = PluginCredentials(run(try plugin())) { expiration }
        _ = try await after.current()
        _ = try await after.current()
        #expect(try runs == 3)
    }

    @Test func `a plugin gets its arguments, its environment and what is asked of it`() async throws {
        var plugin = try plugin(#"printf '%s|' "$@" "$EXTRA" "$KUBERNETES_EXEC_INFO" >"$D/seen"; cat "$D/reply""#)
        plugin.arguments = ["get token", "-x"]
        plugin.environment = ["EXTRA": Secret("value")]
        try reply(#""token":"t""#)
        let info: JSONValue = ["spec": ["interactive": .bool(false)]]
        _ = try await run(plugin, info: info).credential().get()
        #expect(try directory.read("seen") == #"get token|-x|value|{"spec":{"interactive":false}}|"#)
    }

    @Test func `a plugin resolves names with the machine's patience and not with ours`() {
        #expect(ExecRun.changes(toInherited: "timeout:1 attempts:1") == ["RES_OPTIONS": nil])
        // What somebody has set on purpose is for the plugin too.
        #expect(ExecRun.changes(toInherited: "timeout:3") == [:])
        #expect(ExecRun.changes(toInherited: nil) == [:])
    }

    @Test func `a plugin that asks for it is told about the cluster`() throws {
        try directory.write("ca.crt", TestCertificates.authority)
        let path = try directory.write(
            "config",
            """
            current-context: x
            contexts: [{name: x, context: {cluster: c, user: u}}]
            clusters:
            - name: c
              cluster:
                server: https://10.0.0.1:6443
                certificate-authority: ca.crt
                tls-server-name: kubernetes
                extensions:
                - name: client.authentication.k8s.io/exec
                  extension: {audience: me, numbers: [1, 2]}
            users:
            - name: u
              user:
                exec:
                  apiVersion: client.authentication.k8s.io/v1beta1
                  command: plugin
                  provideClusterInfo: true
            """
        )
        let connection = try ClusterConnection.kubeconfig(path: path, environment: [:])
        let cluster: JSONValue = [
            "server": "https://10.0.0.1:6443",
            "tls-server-name": "kubernetes",
            "certificate-authority-data": .string(Base64.encode(Array(TestCertificates.authority.utf8))),
            "config": ["audience": "me", "numbers": .array([.integer(1), .integer(2)])],
        ]
        #expect(
            connection.execInfo == [
                "kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1",
                "spec": ["cluster": cluster, "interactive": .bool(false)],
            ]
        )
    }

    @Test func `a plugin that is not installed is told with its hint`() async {
        var plugin = ExecPlugin(version: .v1, command: "no-such-plugin-here")
        plugin.installHint = "get it from\nexample.com"
        #expect(
            await failure(plugin)
                == "the credential plugin no-such-plugin-here is not installed; get it from example.com"
        )
        plugin.command = "/no/such/plugin"
        #expect(await failure(plugin)?.contains("is not installed") == true)
    }

    @Test func `a plugin that fails is told with its words`() async throws {
        let plugin = try plugin("echo 'cannot reach\nthe login server' >&2; exit 3")
        #expect(await failure(plugin)?.hasSuffix("ended with exit code 3: cannot reach the login server") == true)
    }

    @Test func `what a plugin says on its standard error is logged`() async throws {
        try reply(#""token":"s3cret""#)
        let plugin = try plugin("echo 'using the old cache' >&2; cat \"$D/reply\"")
        let handler = InMemoryLogHandler()
        let run = ExecRun(plugin: plugin, info: .null, logger: Logger(label: "test") { _ in handler })
        _ = try await run.credential().get()
        #expect(handler.entries.map { $0.metadata["stderr"] } == ["using the old cache"])
        #expect(!"\(handler.entries)".contains("s3cret"))
    }

    @Test(arguments: [
        #"{"access_token":"abc","expires_in":3600}"#, "Authorization: Bearer abc", "password = correct horse",
        "key: -----BEGIN PRIVATE KEY----- MIIE", "curl -u admin:hunter2 https://idp/", "t0k3n-s3cr3t",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJub2RlIn0.c2ln", "https://idp.example/cb?code=qrstuvwxyz0123456789",
        "client secret: plainword and more", "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4",
    ])
    func `no secret that a plugin prints on its standard error is logged`(words: String) async throws {
        let secrets = ["abc", "correct", "horse", "MIIE", "hunter2", "t0k3n", "eyJ", "qrstuv", "plainword", "Zm9v"]
        try directory.write("words", words)
        let failing = try plugin("cat \"$D/words\" >&2; exit 1")
        let failure = try #require(await failure(failing))
        #expect(failure.contains("ended with exit code 1"))
        for secret in secrets { #expect(!failure.contains(secret), "\(failure)") }
    }

    @Test func `of much that a plugin prints on its standard error a beginning is logged`() async throws {
        let failing = try plugin("for i in 1 2 3 4 5 6 7 8 9; do seq 1 1000 >&2; done; exit 1")
        let failure = try #require(await failure(failing))
        #expect(failure.count < 400)
        #expect(failure.hasSuffix("…"))
    }

    @Test(arguments: [
        "dial tcp 10.0.0.1:443: connect: connection refused", "Unable to locate credentials. Run \"aws configure\".",
        "the token has expired", "error: /etc/kubernetes/idp.conf: no such file or directory (exit status 255)",
    ])
    func `what a plugin says in plain words is logged`(words: String) {
        #expect(PluginWords(Array(words.utf8)).description == words)
    }

    @Test func `a plugin that does not end is stopped, with all that it has started`() async throws {
        var run = run(try plugin(#"sleep 1000 & echo $! >"$D/child"; wait"#))
        run.timeLimit = .milliseconds(200)
        guard case .failure(let error) = await run.credential() else {
            Issue.record("no failure")
            return
        }
        #expect(error.description.hasSuffix("did not end within 0.2 seconds and was stopped"))
        let child = try directory.read("child").trimmingCharacters(in: .whitespacesAndNewlines)
        // Gone, or dead and not yet taken notice of by whoever adopted it.
        let status = (try? String(contentsOfFile: "/proc/\(child)/status", encoding: .utf8)) ?? "State: Z"
        #expect(status.contains(#/State:\s+Z/#), "\(status)")
    }

    @Test(arguments: [
        ("", "printed no ExecCredential"),
        ("{", "printed no JSON (line 1)"),
        (#"{"kind":"Pod"}"#, "printed no ExecCredential"),
        (
            #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"s3cret"}}"#,
            "printed another apiVersion than client.authentication.k8s.io/v1"
        ),
        (#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"}"#, "printed no status"),
        (
            #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{}}"#,
            "printed neither a token nor a client certificate"
        ),
        (
            #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"s3cret\r\nX: y"}}"#,
            "printed a token with characters that no header has"
        ),
        (
            #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","#
                + #""status":{"token":"s3cret","expirationTimestamp":"soon"}}"#,
            "printed an expirationTimestamp that is no RFC 3339 time"
        ),
        (
            #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","#
                + #""status":{"clientCertificateData":"s3cret"}}"#,
            "printed a clientCertificateData with no PEM certificates"
        ),
    ])
    func `a reply that is none is told without what it says`(reply: String, problem: String) async throws {
        try directory.write("reply", reply)
        let words = try #require(await failure(try plugin()))
        #expect(words.hasSuffix(problem))
        #expect(!words.contains("s3cret"))
    }
}
