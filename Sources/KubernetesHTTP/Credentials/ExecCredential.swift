// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// What a credential plugin has answered (`ExecCredential` of `client.authentication.k8s.io`).
struct ExecCredential: Hashable, Sendable {
    var token: Secret<String>?
    var identity: TLSMaterial.Identity?
    /// `nil` for a credential that is good until the server refuses it.
    var expiration: UnixTime?

    init(token: Secret<String>? = nil, identity: TLSMaterial.Identity? = nil, expiration: UnixTime? = nil) {
        self.token = token
        self.identity = identity
        self.expiration = expiration
    }

    /// - Parameter output: What the plugin has printed.
    /// - Throws: what is wrong with it; never what it says.
    init(output: [UInt8], version: ExecPlugin.Version) throws(CredentialError) {
        let root: DocumentNode?
        do throws(DocumentSyntaxError) {
            root = try JSONReader.read(output)
        } catch {
            throw CredentialError("printed no JSON (line \(error.line))")
        }
        guard let root, root.present("kind")?.plainText == "ExecCredential" else {
            throw CredentialError("printed no ExecCredential")
        }
        guard root.present("apiVersion")?.plainText == version.rawValue else {
            throw CredentialError("printed another apiVersion than \(version.rawValue)")
        }
        guard let status = root.present("status") else { throw CredentialError("printed no status") }

        token = status.present("token")?.plainText.flatMap { $0.isEmpty ? nil : Secret($0) }
        if let token, !token.value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) {
            throw CredentialError("printed a token with characters that no header has")
        }
        let chain = status.present("clientCertificateData")?.plainText ?? ""
        let key = status.present("clientKeyData")?.plainText ?? ""
        if !chain.isEmpty || !key.isEmpty {
            if let problem = TLSMaterial.problem(ofCertificates: Array(chain.utf8)) {
                throw CredentialError("printed a clientCertificateData with \(problem)")
            }
            if let problem = TLSMaterial.problem(ofKey: Array(key.utf8)) {
                throw CredentialError("printed a clientKeyData with \(problem)")
            }
            identity = TLSMaterial.Identity(chain: Array(chain.utf8), key: Secret(Array(key.utf8)))
        }
        guard token != nil || identity != nil else {
            throw CredentialError("printed neither a token nor a client certificate")
        }
        if let text = status.present("expirationTimestamp")?.plainText {
            guard let time = UnixTime(rfc3339: text) else {
                throw CredentialError("printed an expirationTimestamp that is no RFC 3339 time")
            }
            expiration = time
        }
    }
}

extension DocumentNode {
    var plainText: String? {
        if case .string(let text) = value { text } else { nil }
    }
}
