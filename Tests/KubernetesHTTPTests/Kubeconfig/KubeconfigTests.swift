// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import Testing

@testable import KubernetesHTTP

struct KubeconfigTests: KubeconfigWriting {
    let directory: TestDirectory

    init() throws { directory = try Self.makeDirectory() }

    // MARK: What is read

    @Test func `the kubeconfig that kubeadm gives kube-proxy works`() throws {
        let connection = try load(
            """
            apiVersion: v1
            kind: Config
            clusters:
            - cluster:
                certificate-authority: \(directory.path)/ca.crt
                server: https://192.168.1.10:6443
              name: default
            contexts:
            - context:
                cluster: default
                namespace: default
                user: default
              name: default
            current-context: default
            users:
            - name: default
              user:
                tokenFile: \(directory.path)/token
            """
        )
        #expect(connection.server == ServerAddress(host: "192.168.1.10", port: 6443))
        #expect(connection.trust == .authorities(.file("\(directory.path)/ca.crt")))
        #expect(connection.user.authorization == .tokenFile("\(directory.path)/token"))
        #expect(connection.warnings == [])
    }

    @Test func `relative paths are relative to their file`() throws {
        let connection = try load(
            config(
                cluster: "server: https://a\ncertificate-authority: ca.crt",
                user: "client-certificate: client.crt\nclient-key: ./client.key"
            )
        )
        #expect(connection.trust == .authorities(.file("\(directory.path)/ca.crt")))
        #expect(connection.user.certificate?.chain == .file("\(directory.path)/client.crt"))
        #expect(connection.user.certificate?.key == .file("\(directory.path)/./client.key"))
    }

    @Test func `certificates may stand in the file itself`() throws {
        let authority = Base64.encode(Array(TestCertificates.authority.utf8))
        let chain = Base64.encode(Array(TestCertificates.client.utf8))
        let key = Base64.encode(Array(TestCertificates.clientKey.utf8))
        let connection = try load(
            config(
                cluster: "server: https://a\ncertificate-authority-data: \(authority)",
                user: "client-certificate-data: \(chain)\nclient-key-data: \(key)"
            )
        )
        #expect(connection.trust == .authorities(.data(Secret(Array(TestCertificates.authority.utf8)))))
        #expect(connection.user.certificate?.key == .data(Secret(Array(TestCertificates.clientKey.utf8))))
        #expect(!"\(connection)".contains("PRIVATE"))
    }

    @Test func `the file of a token wins over the token`() throws {
        let connection = try load(config(user: "token: abc\ntokenFile: token"))
        #expect(connection.user.authorization == .tokenFile("\(directory.path)/token"))
    }

    @Test func `a user name and password are taken`() throws {
        let connection = try load(config(user: "username: admin\npassword: 12345"))
        #expect(connection.user.authorization == .password(user: "admin", Secret("12345")))
    }

    @Test func `impersonation becomes headers`() throws {
        let connection = try load(
            config(user: "token: t\nas: me\nas-uid: '7'\nas-groups: [g1, g2]\nas-user-extra: {why: [because]}")
        )
        #expect(
            connection.user.impersonation == [
                Header(name: "Impersonate-User", value: "me"), Header(name: "Impersonate-Uid", value: "7"),
                Header(name: "Impersonate-Group", value: "g1"), Header(name: "Impersonate-Group", value: "g2"),
                Header(name: "Impersonate-Extra-why", value: "because"),
            ]
        )
    }

    @Test func `a server that need not be verified is a warning that names the setting`() throws {
        let connection = try load(config(cluster: "server: https://a\ninsecure-skip-tls-verify: true"))
        #expect(connection.trust == .anyone)
        #expect(connection.warnings.count == 1)
        #expect(connection.warnings.first?.contains("clusters[c].cluster.insecure-skip-tls-verify") == true)
    }

    @Test func `plain HTTP is a warning`() throws {
        #expect(try load(config(cluster: "server: http://a")).warnings.count == 1)
    }

    @Test func `proxy-url and tls-server-name are read`() throws {
        let connection = try load(
            config(cluster: "server: https://10.0.0.1\ntls-server-name: Kubernetes\nproxy-url: http://p:3128"),
            environment: ["HTTPS_PROXY": "http://other:1"]
        )
        #expect(connection.serverName == "kubernetes")
        #expect(connection.proxy?.description == "http://p:3128")
    }

    @Test func `the proxy of the environment serves where the kubeconfig names none`() throws {
        let connection = try load(config(), environment: ["HTTPS_PROXY": "http://other:1"])
        #expect(connection.proxy?.description == "http://other:1")
    }

    @Test func `the server can be given from outside`() throws {
        let connection = try load(config(), server: "https://else:1234")
        #expect(connection.server == ServerAddress(host: "else", port: 1234))
        #expect(connection.user.authorization == .token(Secret("abc")))
    }

    @Test func `an exec plugin is read`() throws {
        let connection = try load(
            config(
                user: """
                    exec:
                      apiVersion: client.authentication.k8s.io/v1
                      command: ./bin/plugin
                      args: [get-token, --cluster, c]
                      env: [{name: A, value: b}]
                      installHint: install it
                      interactiveMode: Never
                      provideClusterInfo: true
                    """
            )
        )
        guard case .plugin(let plugin) = connection.user.authorization else {
            Issue.record("no plugin")
            return
        }
        #expect(plugin.version == .v1)
        #expect(plugin.command == "\(directory.path)/./bin/plugin")
        #expect(plugin.arguments == ["get-token", "--cluster", "c"])
        #expect(plugin.environment == ["A": Secret("b")])
        #expect(plugin.installHint == "install it")
        #expect(plugin.providesClusterInfo)
    }

    @Test func `a plugin that is a bare name stays one`() throws {
        let connection = try load(
            config(user: "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: [eks]}")
        )
        guard case .plugin(let plugin) = connection.user.authorization else {
            Issue.record("no plugin")
            return
        }
        #expect(plugin.command == "aws")
    }

    @Test func `JSON is a kubeconfig too`() throws {
        let connection = try load(
            """
            {"clusters":[{"name":"c","cluster":{"server":"https://a"}}],"current-context":"x",
             "contexts":[{"name":"x","context":{"cluster":"c"}}]}
            """
        )
        #expect(connection.server.host == "a")
        #expect(connection.user == ClusterUser())
    }

    // MARK: Several files

    @Test func `of several files the first that has an entry wins`() throws {
        let first = try directory.write(
            "first",
            "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
                + "clusters: [{name: c, cluster: {server: 'https://first'}}]"
        )
        let second = try directory.write(
            "second",
            "current-context: other\nclusters: [{name: c, cluster: {server: 'https://second'}}]\n"
                + "users: [{name: u, user: {token: two}}]"
        )
        let connection = try ClusterConnection.kubeconfig(
            list: "\(directory.path)/none:\(first)::\(second)",
            environment: [:]
        )
        #expect(connection.server.host == "first")
        #expect(connection.user.authorization == .token(Secret("two")))
    }

    @Test func `a list of which no file is there is an error`() {
        let error = #expect(throws: ConnectionError.self) {
            try ClusterConnection.kubeconfig(list: "/none/a:/none/b", environment: [:])
        }
        #expect(error?.description == "KUBECONFIG: none of the files is there")
    }

    @Test func `a file that was named must be there`() {
        let error = #expect(throws: ConnectionError.self) {
            try ClusterConnection.kubeconfig(path: "/none/config", environment: [:])
        }
        #expect(error?.description == "/none/config: No such file or directory")
    }
}
