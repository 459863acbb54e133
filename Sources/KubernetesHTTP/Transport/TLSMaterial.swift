// SPDX-License-Identifier: GPL-2.0-or-later
import NIOSSL

/// What a TLS handshake with the server needs. Equal values can share connections.
struct TLSMaterial: Hashable, Sendable {
    enum Trust: Hashable, Sendable {
        /// What the system has for everybody, in PEM.
        case system([UInt8])
        /// In PEM.
        case authorities([UInt8])
        case anyone
    }

    /// In PEM.
    struct Identity: Hashable, Sendable {
        var chain: [UInt8]
        var key: Secret<[UInt8]>
    }

    var trust: Trust
    var identity: Identity?

    /// What NIOSSL needs. Whom the server's certificate is for, and who has signed it, is `verification`'s part.
    func configuration() throws(TLSProblem) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        // What Go's crypto/tls offers: no version, cipher suite or signature that it would not take, and all that it does.
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuites = "ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES128:ECDH+AES256"
        configuration.curves = [.x25519_MLKEM768, .x25519, .secp256r1, .secp384r1, .secp521r1]
        configuration.verifySignatureAlgorithms = [
            .rsaPssRsaeSha256, .ecdsaSecp256R1Sha256, .ed25519, .rsaPssRsaeSha384, .rsaPssRsaeSha512,
            .rsaPkcs1Sha256, .rsaPkcs1Sha384, .rsaPkcs1Sha512, .ecdsaSecp384R1Sha384, .ecdsaSecp521R1Sha512,
        ]
        configuration.applicationProtocols = ["http/1.1"]
        configuration.trustRoots = .certificates([])
        configuration.certificateVerification = trust == .anyone ? .none : .noHostnameVerification
        if let identity {
            configuration.certificateChain = try Self.chain(identity.chain).map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.key(identity.key.value))
        }
        return configuration
    }

    /// - Returns: `nil` where anybody is taken.
    func verification(of identity: ServerIdentity) throws(TLSProblem) -> ServerVerification? {
        switch trust {
        case .anyone:
            return nil
        case .system(let bytes):
            return ServerVerification(identity: identity, authorities: CertificateBundle(pem: bytes).certificates)
        case .authorities(let bytes):
            let authorities = CertificateBundle(pem: bytes).certificates
            guard !authorities.isEmpty else { throw TLSProblem(explanation: "no PEM certificates") }
            return ServerVerification(identity: identity, authorities: authorities)
        }
    }

    private static func chain(_ bytes: [UInt8]) throws(TLSProblem) -> [NIOSSLCertificate] {
        let blocks = CertificateBundle.blocks(of: bytes)
        let certificates = try? blocks.map { try NIOSSLCertificate(bytes: $0, format: .der) }
        guard let certificates, !certificates.isEmpty else { throw TLSProblem(explanation: "no PEM certificates") }
        return certificates
    }

    private static func key(_ bytes: [UInt8]) throws(TLSProblem) -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
        } catch {
            // What the parser says could tell of the key.
            throw TLSProblem(explanation: "no PEM private key")
        }
    }
}

extension TLSMaterial {
    /// What is wrong with authorities in PEM; `nil` when they can be used. Nothing at all stands for the system's.
    static func problem(ofAuthorities bytes: [UInt8]) -> String? {
        bytes.isEmpty || !CertificateBundle(pem: bytes).certificates.isEmpty ? nil : "no PEM certificates"
    }

    /// What is wrong with certificates in PEM; `nil` when they can be used.
    static func problem(ofCertificates bytes: [UInt8]) -> String? {
        do throws(TLSProblem) {
            _ = try chain(bytes)
            return nil
        } catch {
            return error.explanation
        }
    }

    /// What is wrong with a private key in PEM; `nil` when it can be used.
    static func problem(ofKey bytes: [UInt8]) -> String? {
        do throws(TLSProblem) {
            _ = try key(bytes)
            return nil
        } catch {
            return error.explanation
        }
    }
}

struct TLSProblem: Error, Hashable {
    var explanation: String
}
