// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import Testing

/// What is wrong with a kubeconfig.
struct KubeconfigProblemTests: KubeconfigWriting {
    let directory: TestDirectory

    init() throws { directory = try Self.makeDirectory() }

    @Test func `everything wrong is told at once, with file, line, key and reason`() {
        let text = config(
            cluster:
                "server: ftp://a\ncertificate-authority-data: '%'\nproxy-url: https://p\ntls-server-name: a/b",
            user: "token: t\nusername: ann\nclient-certificate: client.crt\nauth-provider: {name: gcp}"
        )
        #expect(
            problems(text) == [
                "config:10: clusters[c].cluster.certificate-authority-data: not Base64",
                "config:10: clusters[c].cluster.server: the scheme is \"ftp\", want https or http",
                "config:10: clusters[c].cluster.tls-server-name: \"a/b\" is neither a DNS name nor an address",
                "config:10: clusters[c].cluster.proxy-url: the scheme is \"https\", want http or socks5",
                "config:17: users[u].user.client-key: not set, and the client certificate is of no use without its key",
                "config:17: users[u].user.username: stands beside token: only one way to authorize can be used",
                "config:17: users[u].user.auth-provider: the provider \"gcp\" is not supported (Kubernetes dropped them); "
                    + "use exec with a credential plugin",
            ]
        )
    }

    @Test(arguments: [
        ("- a", "config:1: not a kubeconfig: want a mapping"),
        ("kind: Pod", "config:1: kind: \"Pod\" is no kubeconfig, want Config"),
        ("a: [", "config:2: "),
        ("clusters: {}", "config:1: clusters: want a list"),
        ("users: [{name: u, user: 7}]", "config:1: users[u].user: want a mapping"),
        ("users: [{name: u, user: {token: [a]}}]", "config:1: users[u].user.token: want a string"),
        ("current-context: x", "config: current-context: no context has the name \"x\"; there are none"),
        ("contexts: [{name: b}, {name: a}]", "config: current-context: not set; there are the contexts \"a\", \"b\""),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: z}}]",
            "config: contexts[x].context.cluster: no cluster has the name \"z\"; there are none"
        ),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: nobody}}]\n"
                + "clusters: [{name: c, cluster: {server: 'https://a'}}]",
            "config:2: contexts[x].context.user: no user has the name \"nobody\"; there are none"
        ),
        (
            "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c}]",
            "config:3: clusters[c].cluster.server: not set"
        ),
    ])
    func `a file that is no kubeconfig is told`(text: String, problem: String) {
        let found = problems(text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix(problem) == true, "\(found)")
    }

    @Test(arguments: [
        (
            "certificate-authority: gone.crt", "",
            "clusters[c].cluster.certificate-authority: gone.crt: No such file or directory"
        ),
        ("certificate-authority: token", "", "clusters[c].cluster.certificate-authority: token: no PEM certificates"),
        (
            "certificate-authority: ca.crt\ncertificate-authority-data: eA==", "",
            "clusters[c].cluster.certificate-authority: stands beside certificate-authority-data: which is meant?"
        ),
        (
            "certificate-authority: ca.crt\ninsecure-skip-tls-verify: true", "",
            "clusters[c].cluster.insecure-skip-tls-verify: stands beside a certificate authority: which is meant?"
        ),
        (
            "insecure-skip-tls-verify: 'yes'", "",
            "clusters[c].cluster.insecure-skip-tls-verify: want true or false"
        ),
        ("", "tokenFile: gone", "users[u].user.tokenFile: gone: No such file or directory"),
        ("", "tokenFile: empty", "users[u].user.tokenFile: empty: the file is empty"),
        ("", "client-key: client.key", "users[u].user.client-certificate: not set"),
        (
            "", "client-certificate: client.crt\nclient-key: ca.crt",
            "users[u].user.client-key: ca.crt: no PEM private key"
        ),
        ("", "as-groups: [g]", "users[u].user.as: not set"),
        ("", "exec: {command: c}", "users[u].user.exec.apiVersion: \"\", want client.authentication.k8s.io/v1 or"),
        (
            "", "exec: {apiVersion: client.authentication.k8s.io/v1beta1}", "users[u].user.exec.command: not set"
        ),
        (
            "", "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: c, interactiveMode: Always}",
            "users[u].user.exec.interactiveMode: Always: this is a daemon"
        ),
        (
            "", "exec: {apiVersion: client.authentication.k8s.io/v1, command: c}",
            "users[u].user.exec.interactiveMode: not set"
        ),
    ])
    func `an entry that cannot be used is told by its key`(cluster: String, user: String, problem: String) throws {
        try directory.write("empty", "\n")
        let text = config(cluster: "server: https://a\n\(cluster)", user: user.isEmpty ? "token: t" : user)
        let found = problems(text)
        #expect(found.contains { $0.contains(problem) }, "\(found)")
    }

    @Test func `no message has a secret in it`() {
        let text = config(
            cluster: "server: https://a\nproxy-url: https://user:hunter2@p",
            user: "token: s3cret\nusername: n\npassword: hunter2\nclient-key-data: c2VjcmV0"
        )
        for problem in problems(text) {
            for secret in ["s3cret", "hunter2", "c2VjcmV0"] { #expect(!problem.contains(secret)) }
        }
    }
}
