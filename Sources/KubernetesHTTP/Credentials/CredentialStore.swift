// SPDX-License-Identifier: GPL-2.0-or-later
import Logging
import SmallFiles

/// The credentials of a connection, kept fresh: files are read again as they rotate, plugins run again as what they gave
/// expires.
actor CredentialStore {
    private let connection: ClusterConnection
    private var authorities: RereadFile?
    private var systemAuthorities: RereadFile
    private var chain: RereadFile?
    private var key: RereadFile?
    private var token: RereadFile?
    private var plugin: PluginCredentials?

    /// - Parameter fileAge: For how long the contents of files are good, above zero or zero to read them for each request.
    init(_ connection: ClusterConnection, fileAge: Duration, logger: Logger) {
        self.connection = connection
        func file(_ material: Material?) -> RereadFile? {
            guard case .file(let path) = material else { return nil }
            return RereadFile(path: path, maximumAge: fileAge)
        }
        if case .authorities(.file(let path)) = connection.trust {
            authorities = RereadFile(path: path, maximumAge: fileAge, mayBeEmpty: true)
        }
        systemAuthorities = RereadFile(path: connection.systemAuthorities, maximumAge: fileAge, mayBeEmpty: true)
        chain = file(connection.user.certificate?.chain)
        key = file(connection.user.certificate?.key)
        switch connection.user.authorization {
        case .tokenFile(let path): token = RereadFile(path: path, maximumAge: fileAge)
        case .plugin(let plugin):
            self.plugin = PluginCredentials(ExecRun(plugin: plugin, info: connection.execInfo, logger: logger))
        case .none, .token, .password: break
        }
    }

    /// What the next request shows.
    func session() async throws(CredentialError) -> Session {
        var headers: [Header] = []
        var identity: TLSMaterial.Identity?
        if let certificate = connection.user.certificate {
            identity = TLSMaterial.Identity(
                chain: try Self.bytes(of: certificate.chain, &chain, "client-certificate"),
                key: Secret(try Self.bytes(of: certificate.key, &key, "client-key"))
            )
        }
        switch connection.user.authorization {
        case .none: break
        case .token(let token): headers.append(.bearer(token.value))
        case .tokenFile: headers.append(.bearer(try rereadToken()))
        case .password(let user, let password):
            let account = Base64.encode(Array("\(user):\(password.value)".utf8))
            headers.append(Header(name: "Authorization", value: "Basic \(account)"))
        case .plugin:
            guard let credential = try await plugin?.current() else { break }
            if let token = credential.token { headers.append(.bearer(token.value)) }
            identity = credential.identity ?? identity
        }
        return Session(
            headers: (headers + connection.user.impersonation).map { Secret($0) },
            tls: TLSMaterial(trust: try trust(), identity: identity)
        )
    }

    /// Forgets what a server has refused, for the next `session()` to fetch anew.
    ///
    /// - Returns: Whether anything can be fetched anew.
    func refused(_ session: Session) async -> Bool {
        chain?.expire()
        key?.expire()
        token?.expire()
        if let plugin { await plugin.refused(session) }
        return token != nil || plugin != nil || chain != nil
    }

    private func trust() throws(CredentialError) -> TLSMaterial.Trust {
        switch connection.trust {
        case .system: return systemTrust()
        case .anyone: return .anyone
        case .authorities(let material):
            let bytes = try Self.bytes(of: material, &authorities, "certificate-authority")
            return bytes.isEmpty ? systemTrust() : .authorities(bytes)
        }
    }

    private func systemTrust() -> TLSMaterial.Trust {
        // A system without the file trusts nobody, and the handshake says so.
        .system((try? systemAuthorities.bytes()) ?? [])
    }

    private func rereadToken() throws(CredentialError) -> String {
        guard case .tokenFile(let path) = connection.user.authorization else { return "" }
        let text = try Self.bytes(of: .file(path), &token, "token").trimmedToken
        // A token never has spaces or line breaks, which could end the header.
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            token?.expire()
            throw CredentialError("token: \(path): has characters that no token has")
        }
        return text
    }

    private static func bytes(
        of material: Material,
        _ file: inout RereadFile?,
        _ name: String
    ) throws(CredentialError) -> [UInt8] {
        if case .data(let data) = material { return data.value }
        do throws(FileProblem) {
            return try file?.bytes() ?? []
        } catch {
            throw CredentialError("\(name): \(file?.path ?? ""): \(error)")
        }
    }
}

extension Header {
    fileprivate static func bearer(_ token: String) -> Header {
        Header(name: "Authorization", value: "Bearer \(token)")
    }
}
