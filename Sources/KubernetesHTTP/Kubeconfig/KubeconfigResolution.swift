// SPDX-License-Identifier: GPL-2.0-or-later
/// The way from entries of a kubeconfig to a connection, with what is wrong on it.
struct KubeconfigResolution {
    var problems: [ConnectionError.Problem] = []
    var warnings: [String] = []

    mutating func fail(_ origin: Kubeconfig.Origin, _ field: String, _ reason: String) {
        problems.append(.init(place: "\(origin.file):\(origin.line)", key: "\(origin.key).\(field)", reason: reason))
    }

    // MARK: Cluster

    mutating func connection(_ entry: Kubeconfig.Entry<Kubeconfig.Cluster>, override: String) -> ClusterConnection {
        let cluster = entry.value
        let origin = entry.origin
        let authorities = material(
            entry.origin,
            path: ("certificate-authority", cluster.certificateAuthority),
            data: ("certificate-authority-data", cluster.certificateAuthorityData),
            check: TLSMaterial.problem(ofAuthorities:)
        )
        var connection = ClusterConnection(server: ServerAddress(host: "", port: 0))
        let text = override.isEmpty ? cluster.server : override
        do throws(AddressProblem) {
            guard !text.isEmpty else { throw AddressProblem("not set") }
            connection.server = try ServerAddress(
                text,
                defaultsToTLS: authorities != nil || cluster.insecureSkipTLSVerify
            )
        } catch {
            fail(origin, "server", "\(error)")
        }
        if let authorities { connection.trust = .authorities(authorities) }
        if cluster.insecureSkipTLSVerify {
            if authorities != nil {
                fail(origin, "insecure-skip-tls-verify", "stands beside a certificate authority: which is meant?")
            }
            connection.trust = .anyone
            warnings.append(
                "\(origin.file): \(origin.key).insecure-skip-tls-verify is true: whoever answers at \(connection.server) "
                    + "is taken for the API server and gets this node's credentials"
            )
        }
        if !connection.server.isTLS, !text.isEmpty {
            warnings.append(
                "\(origin.file): \(origin.key).server is plain HTTP: anybody on the way can read and change it")
        }
        if !cluster.tlsServerName.isEmpty { connection.serverName = serverName(cluster.tlsServerName, origin) }
        if !cluster.proxyURL.isEmpty {
            do throws(AddressProblem) {
                connection.proxy = try ProxyAddress(cluster.proxyURL)
            } catch {
                fail(origin, "proxy-url", "\(error)")
            }
        }
        return connection
    }

    /// - Returns: A name, or an address, which the certificate must be for all the same.
    private mutating func serverName(_ name: String, _ origin: Kubeconfig.Origin) -> String? {
        let identity = ServerIdentity(name)
        if case .address = identity { return name }
        let isName = name.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        guard isName, identity.serverNameIndication.map({ $0.utf8.count <= 255 }) ?? false else {
            fail(origin, "tls-server-name", "\"\(name)\" is neither a DNS name nor an address")
            return nil
        }
        return name.lowercased()
    }

    // MARK: User

    mutating func user(_ entry: Kubeconfig.Entry<Kubeconfig.User>) -> ClusterUser {
        let given = entry.value
        let origin = entry.origin
        var user = ClusterUser()

        let chain = material(
            origin,
            path: ("client-certificate", given.clientCertificate),
            data: ("client-certificate-data", given.clientCertificateData),
            check: TLSMaterial.problem(ofCertificates:)
        )
        let key = material(
            origin,
            path: ("client-key", given.clientKey),
            data: ("client-key-data", given.clientKeyData),
            check: TLSMaterial.problem(ofKey:)
        )
        if let chain, let key {
            user.certificate = ClusterUser.Certificate(chain: chain, key: key)
        } else if chain != nil {
            fail(origin, "client-key", "not set, and the client certificate is of no use without its key")
        } else if key != nil {
            fail(origin, "client-certificate", "not set, and the client key is of no use without its certificate")
        }

        let hasToken = !given.token.isEmpty || !given.tokenFile.isEmpty
        let methods = [
            hasToken ? "token" : nil, given.username.isEmpty ? nil : "username", given.exec.map { _ in "exec" },
        ].compactMap(\.self)
        if methods.count > 1 {
            fail(origin, methods[1], "stands beside \(methods[0]): only one way to authorize can be used")
        }
        if let provider = given.authProvider {
            fail(
                origin,
                "auth-provider",
                "the provider \"\(provider)\" is not supported (Kubernetes dropped them); use exec with a credential plugin"
            )
        }
        if !given.tokenFile.isEmpty {
            // The file wins, as with client-go: the token beside it is what the file held once.
            user.authorization = .tokenFile(Self.resolve(given.tokenFile, origin))
        } else if !given.token.isEmpty {
            user.authorization = .token(Secret(given.token))
        } else if !given.username.isEmpty {
            user.authorization = .password(user: given.username, Secret(given.password))
        } else if let exec = given.exec, let plugin = plugin(exec, origin) {
            user.authorization = .plugin(plugin)
        }
        user.impersonation = impersonation(given, origin)
        return user
    }

    private mutating func plugin(_ exec: Kubeconfig.Exec, _ origin: Kubeconfig.Origin) -> ExecPlugin? {
        let version = ExecPlugin.Version(rawValue: exec.apiVersion)
        if version == nil {
            let known = ExecPlugin.Version.allCases.map(\.rawValue).joined(separator: " or ")
            fail(origin, "exec.apiVersion", "\"\(exec.apiVersion)\", want \(known)")
        }
        if exec.command.isEmpty { fail(origin, "exec.command", "not set") }
        switch exec.interactiveMode {
        case "", "Never", "IfAvailable": break
        case "Always":
            fail(origin, "exec.interactiveMode", "Always: this is a daemon, and nobody is there to answer")
        default:
            fail(origin, "exec.interactiveMode", "\"\(exec.interactiveMode)\", want Never or IfAvailable")
        }
        if exec.interactiveMode.isEmpty, version == .v1 {
            fail(origin, "exec.interactiveMode", "not set, and \(ExecPlugin.Version.v1.rawValue) asks for it")
        }
        guard let version else { return nil }
        var plugin = ExecPlugin(
            version: version,
            // A bare name is looked for in PATH.
            command: exec.command.contains("/") ? Self.resolve(exec.command, origin) : exec.command
        )
        plugin.arguments = exec.arguments
        for variable in exec.environment { plugin.environment[variable.name] = Secret(variable.value) }
        plugin.installHint = exec.installHint
        plugin.providesClusterInfo = exec.providesClusterInfo
        return plugin
    }

    private mutating func impersonation(_ given: Kubeconfig.User, _ origin: Kubeconfig.Origin) -> [Header] {
        var headers: [Header] = []
        if !given.impersonateUID.isEmpty {
            headers.append(Header(name: "Impersonate-Uid", value: given.impersonateUID))
        }
        headers += given.impersonateGroups.map { Header(name: "Impersonate-Group", value: $0) }
        for extra in given.impersonateExtra {
            headers += extra.values.map { Header(name: "Impersonate-Extra-\(extra.key)", value: $0) }
        }
        guard !given.impersonate.isEmpty else {
            if !headers.isEmpty { fail(origin, "as", "not set, and as-uid, as-groups and as-user-extra ask for it") }
            return []
        }
        return [Header(name: "Impersonate-User", value: given.impersonate)] + headers
    }

    // MARK: Files

    private mutating func material(
        _ origin: Kubeconfig.Origin,
        path: (key: String, value: String),
        data: (key: String, value: String),
        check: ([UInt8]) -> String?
    ) -> Material? {
        if !path.value.isEmpty, !data.value.isEmpty {
            fail(origin, path.key, "stands beside \(data.key): which is meant?")
        }
        guard !data.value.isEmpty else {
            return path.value.isEmpty ? nil : .file(Self.resolve(path.value, origin))
        }
        guard let bytes = Base64.decode(data.value) else {
            fail(origin, data.key, "not Base64")
            return .data(Secret([]))
        }
        if let problem = check(bytes) { fail(origin, data.key, problem) }
        return .data(Secret(bytes))
    }

    /// A relative path is relative to the file that it stands in.
    private static func resolve(_ path: String, _ origin: Kubeconfig.Origin) -> String {
        guard !path.hasPrefix("/"), let slash = origin.file.lastIndex(of: "/") else { return path }
        return origin.file[...slash] + path
    }

    mutating func checkFiles(
        of connection: ClusterConnection,
        cluster: Kubeconfig.Origin,
        user: Kubeconfig.Origin?
    ) {
        problems += connection.unreadableFiles { path in
            var origin = cluster
            var field = "certificate-authority"
            if connection.trust != .authorities(.file(path)), let user {
                origin = user
                field =
                    switch path {
                    case connection.user.certificate?.chain.path: "client-certificate"
                    case connection.user.certificate?.key.path: "client-key"
                    default: "tokenFile"
                    }
            }
            return .init(place: "\(origin.file):\(origin.line)", key: "\(origin.key).\(field)")
        }
    }
}

extension Material {
    fileprivate var path: String? {
        if case .file(let path) = self { path } else { nil }
    }
}
