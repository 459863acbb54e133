import NIOSSL

/// What a TLS handshake with the server needs. Equal values can share connections.
struct TLSMaterial: Hashable, Sendable {
    enum Trust: Hashable, Sendable {
        case system
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

    /// - Parameter checksName: Whether NIOSSL compares the certificate with the name, or with the address of the peer.
    func configuration(checksName: Bool = true) throws(TLSProblem) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        switch trust {
        case .system: break
        case .authorities(let bytes): configuration.trustRoots = .certificates(try Self.certificates(bytes))
        case .anyone: configuration.certificateVerification = .none
        }
        if !checksName, trust != .anyone { configuration.certificateVerification = .noHostnameVerification }
        if let identity {
            configuration.certificateChain = try Self.certificates(identity.chain).map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.key(identity.key.value))
        }
        return configuration
    }

    private static func certificates(_ bytes: [UInt8]) throws(TLSProblem) -> [NIOSSLCertificate] {
        let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes)
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
    /// What is wrong with certificates in PEM; `nil` when they can be used.
    static func problem(ofCertificates bytes: [UInt8]) -> String? {
        do throws(TLSProblem) {
            _ = try certificates(bytes)
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
