// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import SwiftASN1
import X509

/// What a chain of certificates must be like, by the rules of Go's crypto/x509, with which kube-proxy verifies: a cluster's
/// PKI that works for one program of the node works for this one.
///
/// Finding chains and checking their signatures is the package's part (`Verifier`). Its own rules, those of RFC 5280, are
/// other ones in places: the decision record on the cluster's PKI has them side by side.
struct ChainRules: VerifierPolicy {
    let identity: ServerIdentity
    /// In seconds since 1970.
    let now: Double

    /// What Go takes note of, or overlooks on purpose. A critical extension besides these is one that nobody has looked at.
    static let knownExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.keyUsage, .X509ExtensionID.subjectAlternativeName, .X509ExtensionID.basicConstraints,
        .X509ExtensionID.nameConstraints, .X509ExtensionID.extendedKeyUsage,
        // CRL distribution points, certificate policies, policy mappings, policy constraints, inhibit any policy.
        [2, 5, 29, 31], [2, 5, 29, 32], [2, 5, 29, 33], [2, 5, 29, 36], [2, 5, 29, 54],
    ]

    var verifyingCriticalExtensions: [ASN1ObjectIdentifier] { Self.knownExtensions }

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
        do throws(CertificateRefusal) {
            try check(Array(chain))
            return .meetsPolicy
        } catch {
            let reason = error.reason
            return .failsToMeetPolicy(reason: reason)
        }
    }

    /// - Parameter chain: From the server's certificate to a trusted one. That may be the same.
    private func check(_ chain: [Certificate]) throws(CertificateRefusal) {
        for (position, certificate) in chain.enumerated() {
            let whose = position == 0 ? "" : "is of an authority that "
            try checkTime(of: certificate, whose)
            guard position > 0 else { continue }
            try checkMaySign(certificate, isTrusted: position == chain.count - 1, authoritiesBelow: position - 1)
            if let constraints = try NameConstraintRules(certificate) {
                for below in chain[..<position] { try constraints.check(try below.alternativeNames()) }
            }
        }
        // The signature of the trusted certificate itself is not looked at: it is trusted as it is.
        for certificate in chain.dropLast() where certificate.signatureAlgorithm == .sha1WithRSAEncryption {
            throw CertificateRefusal("or that of an authority is signed with SHA-1")
        }
        for certificate in chain { try checkPurpose(of: certificate) }
    }

    private func checkTime(of certificate: Certificate, _ whose: String) throws(CertificateRefusal) {
        guard now >= certificate.notValidBefore.timeIntervalSince1970 else {
            throw CertificateRefusal("\(whose)is not valid yet")
        }
        guard now.rounded(.down) <= certificate.notValidAfter.timeIntervalSince1970 else {
            throw CertificateRefusal("\(whose)has expired")
        }
    }

    private func checkMaySign(
        _ authority: Certificate,
        isTrusted: Bool,
        authoritiesBelow: Int
    ) throws(CertificateRefusal) {
        let constraints: BasicConstraints?
        let usage: KeyUsage?
        do {
            constraints = try authority.extensions.basicConstraints
            usage = try authority.extensions.keyUsage
        } catch {
            throw CertificateRefusal("is of an authority with extensions that cannot be read")
        }
        switch constraints {
        case .isCertificateAuthority(let limit):
            if let limit, authoritiesBelow > limit {
                throw CertificateRefusal("has more authorities above it than one of them allows")
            }
        case .none where isTrusted && authority.version != .v3:
            // Certificates of version 1 cannot say it.
            break
        default:
            throw CertificateRefusal("is signed with a certificate that is not an authority's")
        }
        if let usage, !usage.keyCertSign, usage != KeyUsage() {
            throw CertificateRefusal("is of an authority whose key is not for signing certificates")
        }
    }

    private func checkPurpose(of certificate: Certificate) throws(CertificateRefusal) {
        let purposes: ExtendedKeyUsage?
        do {
            purposes = try certificate.extensions.extendedKeyUsage
        } catch {
            throw CertificateRefusal("has a purpose that cannot be read")
        }
        guard let purposes, !purposes.isEmpty else { return }
        guard purposes.contains(.serverAuth) || purposes.contains(.any) else {
            throw CertificateRefusal("or that of an authority is not for servers (extended key usage)")
        }
    }
}

extension Certificate {
    func alternativeNames() throws(CertificateRefusal) -> [GeneralName] {
        do {
            return Array(try extensions.subjectAlternativeNames ?? SubjectAlternativeNames())
        } catch {
            throw CertificateRefusal("has alternative names that cannot be read")
        }
    }
}
