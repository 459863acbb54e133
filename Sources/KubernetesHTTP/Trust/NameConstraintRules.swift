// SPDX-License-Identifier: GPL-2.0-or-later
import SwiftASN1
import X509

/// What an authority may sign certificates for (RFC 5280 section 4.2.1.10), by the rules of Go's crypto/x509.
struct NameConstraintRules {
    private let permitted: [GeneralName]
    private let excluded: [GeneralName]

    /// - Returns: `nil` where the authority is not constrained.
    init?(_ authority: Certificate) throws(CertificateRefusal) {
        guard let found = authority.extensions[oid: .X509ExtensionID.nameConstraints] else { return nil }
        let constraints: NameConstraints
        do {
            constraints = try NameConstraints(found)
        } catch {
            throw CertificateRefusal("is of an authority whose name constraints cannot be read")
        }
        (permitted, excluded) = (constraints.permittedSubtrees, constraints.excludedSubtrees)
        for subtree in permitted + excluded {
            switch subtree {
            case .dnsName, .rfc822Name, .uniformResourceIdentifier: break
            case .ipAddress(let range):
                guard AddressRange(range) != nil else {
                    throw CertificateRefusal("is of an authority whose name constraints cannot be read")
                }
            default:
                // Constraints of other kinds are only overlooked where their author allows it.
                guard !found.critical else {
                    throw CertificateRefusal("is of an authority with constraints on names of a kind that is not known")
                }
            }
        }
    }

    /// - Parameter names: The alternative names of a certificate below the authority.
    func check(_ names: some Sequence<GeneralName>) throws(CertificateRefusal) {
        for name in names {
            var isExcluded = false
            for subtree in excluded where try Self.matches(name, subtree, isExclusion: true) == true {
                isExcluded = true
            }
            var isPermitted: Bool?
            for subtree in permitted {
                guard let matches = try Self.matches(name, subtree, isExclusion: false) else { continue }
                isPermitted = isPermitted == true || matches
            }
            guard !isExcluded, isPermitted != false else {
                throw CertificateRefusal("is for names that its authority may not sign for")
            }
        }
    }

    /// - Returns: `nil` where the two are of different kinds.
    private static func matches(
        _ name: GeneralName,
        _ subtree: GeneralName,
        isExclusion: Bool
    ) throws(CertificateRefusal) -> Bool? {
        switch (name, subtree) {
        case (.dnsName(let name), .dnsName(let domain)):
            return try isDomain(name, within: domain, isExclusion: isExclusion)
        case (.ipAddress(let address), .ipAddress(let range)):
            return AddressRange(range)?.contains(Array(address.bytes)) ?? false
        case (.rfc822Name(let mailbox), .rfc822Name(let constraint)):
            guard let at = mailbox.lastIndex(of: "@") else { throw unreadable(mailbox) }
            guard !constraint.contains("@") else { return mailbox == constraint }
            return try isDomain(
                String(mailbox[mailbox.index(after: at)...]), within: constraint, isExclusion: isExclusion)
        case (.uniformResourceIdentifier(let identifier), .uniformResourceIdentifier(let domain)):
            guard let host = host(of: identifier) else { throw unreadable(identifier) }
            return try isDomain(host, within: domain, isExclusion: isExclusion)
        default:
            return nil
        }
    }

    /// An empty constraint stands for every name; one that begins with a dot only for names below it.
    static func isDomain(
        _ name: String,
        within constraint: String,
        isExclusion: Bool
    ) throws(CertificateRefusal) -> Bool {
        guard !constraint.isEmpty else { return true }
        let needsMore = constraint.hasPrefix(".")
        guard var labels = labels(of: name) else { throw unreadable(name) }
        guard var wanted = Self.labels(of: needsMore ? String(constraint.dropFirst()) : constraint) else {
            throw unreadable(constraint)
        }
        if isExclusion, labels.first == "*", labels.count > 1, !wanted.isEmpty {
            // A wildcard could stand for what is excluded (CVE-2025-61727).
            labels.removeFirst()
            if labels.count < wanted.count { wanted.removeFirst() }
        }
        guard labels.count > wanted.count || (labels.count == wanted.count && !needsMore) else { return false }
        return Array(labels.suffix(wanted.count)) == wanted
    }

    private static func labels(of name: String) -> [String]? {
        let labels = name.lowercased().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard labels.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (33...126).contains($0) } }) else { return nil }
        return labels
    }

    private static func host(of identifier: String) -> String? {
        guard let start = identifier.firstRange(of: "://")?.upperBound else { return nil }
        var host = identifier[start...].prefix { !"/?#".contains($0) }
        if let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
        host = host.prefix { $0 != ":" }
        if case .address = ServerIdentity(String(host)) { return nil }
        return host.isEmpty || host.hasPrefix("[") ? nil : String(host)
    }

    private static func unreadable(_ name: String) -> CertificateRefusal {
        CertificateRefusal("has the name \"\(name)\", which cannot be compared with its authority's constraints")
    }
}

/// A network as name constraints have it: address and mask, one after the other.
private struct AddressRange {
    let base: [UInt8]
    let mask: [UInt8]

    init?(_ bytes: ASN1OctetString) {
        let bytes = Array(bytes.bytes)
        guard bytes.count == 8 || bytes.count == 32 else { return nil }
        (base, mask) = (Array(bytes.prefix(bytes.count / 2)), Array(bytes.suffix(bytes.count / 2)))
        // Ones come before zeros.
        let leading = mask.prefix { $0 == 0xff }
        let rest = mask.dropFirst(leading.count)
        guard let first = rest.first else { return }
        guard (~first & (~first &+ 1)) == 0, rest.dropFirst().allSatisfy({ $0 == 0 }) else { return nil }
    }

    func contains(_ address: [UInt8]) -> Bool {
        address.count == base.count
            && zip(zip(address, base), mask).allSatisfy { pair, mask in pair.0 & mask == pair.1 & mask }
    }
}
