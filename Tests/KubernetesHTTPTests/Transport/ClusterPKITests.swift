// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import KubernetesWatch
import Testing

@testable import KubernetesHTTP

/// Point by point what a cluster's PKI may be like, over real handshakes: Go's rules, with which kube-proxy verifies. The
/// rows are made by `PKI/make`; what Go 1.27.3 (crypto/tls) says of each was tried with it.
@Suite(.timeLimit(.minutes(5)))
struct ClusterPKITests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        var row: String
        /// A part of the reason.
        var reason: String

        init(_ row: String, _ reason: String) {
            (self.row, self.reason) = (row, reason)
        }

        var testDescription: String { row }
    }

    static let accepted = [
        "address-ipv6", "bundle-with-a-block-cut-off", "bundle-with-a-garbled-block", "bundle-with-a-key",
        "bundle-with-an-unreadable-block", "bundle-with-comments", "bundle-with-dos-lines", "bundle-with-text",
        "constraint-directory-names", "constraint-excludes-another-name", "constraint-excludes-every-ipv6",
        "constraint-permits-address", "constraint-permits-mail", "constraint-permits-name",
        "constraint-permits-name-itself", "constraint-permits-names-below",
        "constraint-permits-names-says-nothing-of-addresses", "constraint-permits-uri", "cross-signed-root",
        "dot-in-both", "ed25519", "ed25519-server", "expired-root-beside-its-successor",
        "extension-crl-points-critical", "extension-policies-critical", "extension-unknown",
        "intermediate-sent", "intermediate-sent-after-others", "intermediate-trusted",
        "intermediate-trusted-and-sent", "intermediate-trusted-with-its-root", "intermediate-version-1-trusted",
        "key-identifiers", "leaf-trusted-without-its-authority", "name-in-capitals", "name-with-dot",
        "namesake-first", "namesake-last", "no-subject", "own-certificate-trusted", "p-384", "p-384-server",
        "p-521", "p-521-server", "path-length-of-who-is-not-asked", "path-length-one", "path-length-zero",
        "purpose-any", "purpose-client-and-server", "root", "root-renewed-with-its-key", "root-sent-too",
        "root-version-1", "rsa-2048", "rsa-4096", "rsa-server", "serial-long", "serial-zero",
        "sha1-signature-of-the-root-itself", "sha512-signature", "star-and-underscore",
        "tls-server-name-address", "underscore", "wildcard", "wildcard-below-a-top-level-domain",
        "wildcard-with-dot",
    ]

    static let refused = [
        Refusal("address-mapped-into-ipv6", "has an alternative name that is no address, or not in its usual form"),
        Refusal("address-of-another", "is not for the"),
        Refusal("address-written-as-a-name", "is not for the"),
        Refusal("another-name", "is not for the"),
        Refusal("bundle-with-another-label", "no PEM certificates"),
        Refusal("bundle-without-certificates", "no PEM certificates"),
        Refusal("common-name-besides-others", "is not for the"),
        Refusal("common-name-only", "its common name does not count"),
        Refusal("constraint-directory-names-critical", "constraints on names of a kind that is not known"),
        Refusal("constraint-excludes-name", "is for names that its authority may not sign for"),
        Refusal("constraint-excludes-network", "is for names that its authority may not sign for"),
        Refusal("constraint-excludes-what-the-wildcard-covers", "is for names that its authority may not sign for"),
        Refusal("constraint-of-the-root", "is for names that its authority may not sign for"),
        Refusal("constraint-permits-another-name", "is for names that its authority may not sign for"),
        Refusal("constraint-permits-another-network", "is for names that its authority may not sign for"),
        Refusal("constraint-permits-one-of-two", "is for names that its authority may not sign for"),
        Refusal("constraint-permits-only-below", "is for names that its authority may not sign for"),
        Refusal("constraint-permits-other-mail", "is for names that its authority may not sign for"),
        Refusal("constraint-permits-other-uri", "is for names that its authority may not sign for"),
        Refusal("dot-in-the-certificate-only", "is not for the"),
        Refusal("expired", "has expired"),
        Refusal("expired-and-trusted-itself", "has expired"),
        Refusal("expired-intermediate", "has expired"),
        Refusal("expired-intermediate-trusted", "has expired"),
        Refusal("expired-root", "has expired"),
        Refusal("extension-unknown-critical", "critical"),
        Refusal("extension-unknown-critical-of-the-root", "is not of a trusted authority"),
        Refusal("intermediate-key-not-for-certificates", "key is not for signing certificates"),
        Refusal("intermediate-missing", "is not of a trusted authority"),
        Refusal("intermediate-version-1", "is not an authority's"),
        Refusal("leaf-trusted-for-another-name", "is not for the"),
        Refusal("namesake-only", "is not of a trusted authority"),
        Refusal("not-valid-yet", "is not valid yet"),
        Refusal("other-root", "is not of a trusted authority"),
        Refusal("own-certificate-not-trusted", "is not of a trusted authority"),
        Refusal("path-length-and-self-issued", "more authorities above it than one of them allows"),
        Refusal("path-length-exceeded", "more authorities above it than one of them allows"),
        Refusal("purpose-client", "is not for servers (extended key usage)"),
        Refusal("purpose-of-the-intermediate", "is not for servers (extended key usage)"),
        Refusal("purpose-of-the-root", "is not for servers (extended key usage)"),
        Refusal("purpose-unknown", "is not for servers (extended key usage)"),
        Refusal("root-key-not-for-certificates", "key is not for signing certificates"),
        Refusal("root-that-is-no-authority", "is not an authority's"),
        Refusal("root-without-basic-constraints", "is not an authority's"),
        Refusal("serial-negative", "cannot be read"),
        Refusal("serial-negative-of-the-root", "no PEM certificates"),
        Refusal("sha1-ecdsa-signature", "kind that is not supported"),
        Refusal("sha1-signature", "SHA-1"),
        Refusal("signed-by-a-server", "is not an authority's"),
        Refusal("signed-by-a-trusted-server", "is not an authority's"),
        Refusal("wildcard-alone", "is not for the"),
        Refusal("wildcard-inside", "is not for the"),
        Refusal("wildcard-no-label", "is not for the"),
        Refusal("wildcard-twice", "is not for the"),
        Refusal("wildcard-two-labels", "is not for the"),
        Refusal("wildcard-within-a-label", "is not for the"),
    ]

    /// Go takes these. BoringSSL and the packages for keys and certificates do not.
    static let refusedHereOnly = [
        Refusal("key-usage-without-signature", "is not for digital signatures (key usage)"),
        Refusal("p-224", "no PEM certificates"),
        Refusal("rsa-1024", "no PEM certificates"),
        Refusal("rsa-1024-server", "kind that is not supported"),
        Refusal("rsa-pss-signature", "kind that is not supported"),
    ]

    @Test(arguments: accepted)
    func `what Go takes of a cluster's PKI is taken`(row: String) async throws {
        for version in [HTTPAPIServer.TLS.Version.newest, .at1dot2] {
            #expect(try await Self.failure(of: row, version) == nil, "\(version)")
        }
    }

    @Test(arguments: refused + refusedHereOnly)
    func `what Go refuses of a cluster's PKI is refused, with the reason`(refusal: Refusal) async throws {
        for version in [HTTPAPIServer.TLS.Version.newest, .at1dot2] {
            let failure = try await Self.failure(of: refusal.row, version)
            #expect(
                failure?.failure?.explanation.contains(refusal.reason) == true,
                "\(version): \(String(describing: failure))")
        }
    }

    @Test func `every PKI that is made has its row`() async throws {
        let rows = Self.accepted + (Self.refused + Self.refusedHereOnly).map(\.row)
        #expect(Set(rows).count == rows.count)
        #expect(try await ClusterPKI.shared.rows() == Set(rows))
    }

    private static func failure(of name: String, _ version: HTTPAPIServer.TLS.Version) async throws -> APIError? {
        let row = try await ClusterPKI.shared.row(name)
        var tls = HTTPAPIServer.TLS(certificate: row.chain, key: row.key)
        tls.version = version
        let api = FakeAPIServer()
        return try await HTTPAPIServer.run(api, tls: tls) { server in
            var connection = ClusterConnection.local(server.port, trust: row.trust)
            connection.serverName = row.name
            let failure = await HTTPTransport(connection).failure()
            // Whoever is not trusted gets no request.
            if failure != nil { #expect(api.requests.isEmpty) }
            return failure
        }
    }
}
