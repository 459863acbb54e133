// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import FoundationEssentials
import SwiftASN1
import Synchronization
import X509

/// Decides whether the certificates that a server shows prove that it is the server that was asked for.
struct ServerVerification: Sendable {
    let identity: ServerIdentity
    let authorities: [Certificate]

    /// - Parameter chain: The certificates in DER, as the server has sent them: its own first.
    /// - Throws: what is wrong with them.
    func verify(_ chain: [[UInt8]], at now: Date = Date()) async throws(CertificateRefusal) {
        guard let own = chain.first else { throw CertificateRefusal("is missing") }
        let leaf = try Self.read(own)
        try checkIdentity(of: leaf)
        try checkExtensions(of: leaf)
        // What is no certificate for the package proves nothing.
        let others = chain.dropFirst().compactMap { try? Certificate(derEncoded: $0) }
        let rules = ChainRules(identity: identity, now: now.timeIntervalSince1970)
        var verifier = Verifier(rootCertificates: CertificateStore(authorities)) { rules }
        let result = await verifier.validate(
            leaf: leaf,
            intermediates: CertificateStore(custom: OfferedCertificates(others))
        )
        guard case .couldNotValidate(let failures) = result else { return }
        guard let failure = failures.last else { throw CertificateRefusal("is not of a trusted authority") }
        throw CertificateRefusal("\(failure.policyFailureReason)")
    }

    private static func read(_ der: [UInt8]) throws(CertificateRefusal) -> Certificate {
        do {
            return try Certificate(derEncoded: der)
        } catch {
            throw CertificateRefusal(
                "cannot be read, or has a key or signature of a kind that is not supported: \(error)")
        }
    }

    private func checkIdentity(of leaf: Certificate) throws(CertificateRefusal) {
        let names = try leaf.alternativeNames()
        for case .ipAddress(let octets) in names {
            let bytes = Array(octets.bytes)
            guard bytes.count == 4 || (bytes.count == 16 && !IPAddress.isMapped(bytes)) else {
                throw CertificateRefusal("has an alternative name that is no address, or not in its usual form")
            }
        }
        guard !names.isEmpty else {
            throw CertificateRefusal(
                "is not for \(identity): it has no alternative names, and its common name does not count")
        }
        guard identity.matches(names) else { throw CertificateRefusal("is not for \(identity)") }
    }

    private func checkExtensions(of leaf: Certificate) throws(CertificateRefusal) {
        for found in leaf.extensions where found.critical && !ChainRules.knownExtensions.contains(found.oid) {
            throw CertificateRefusal("has a critical extension that is not known: \(found.oid)")
        }
    }
}

/// The certificates that a server sends besides its own.
///
/// Who answers at the server's address chooses them, and could have them make more chains than anybody can follow. So no
/// more of them are looked at than Go does signature checks.
private struct OfferedCertificates: CustomCertificateStore {
    private final class Budget: Sendable {
        let left = Mutex(100)

        func take(_ count: Int) -> Int {
            left.withLock { left in
                let taken = min(left, count)
                left -= taken
                return taken
            }
        }
    }

    private var certificates: [DistinguishedName: [Certificate]]
    private let budget = Budget()

    init(_ certificates: some Sequence<Certificate>) {
        self.certificates = Dictionary(grouping: certificates, by: \.subject)
    }

    subscript(subject: DistinguishedName) -> [Certificate]? {
        get async {
            guard let found = certificates[subject] else { return nil }
            return Array(found.prefix(budget.take(found.count)))
        }
    }

    func contains(_ certificate: Certificate) async -> Bool {
        certificates[certificate.subject]?.contains(certificate) ?? false
    }

    mutating func append(contentsOf certificates: some Sequence<Certificate>) {
        for certificate in certificates { self.certificates[certificate.subject, default: []].append(certificate) }
    }

    static func == (left: Self, right: Self) -> Bool { left.certificates == right.certificates }

    func hash(into hasher: inout Hasher) { hasher.combine(certificates) }
}
