// SPDX-License-Identifier: GPL-2.0-or-later
import SwiftASN1
import X509

/// The authorities of a PEM file.
///
/// As Go's `x509.CertPool.AppendCertsFromPEM` reads it: what is no certificate, or cannot be read as one, is left out, and a
/// bundle is of use as long as one certificate of it is.
struct CertificateBundle: Hashable, Sendable {
    var certificates: [Certificate]

    init(pem text: [UInt8]) {
        certificates = Self.blocks(of: text).compactMap { try? Certificate(derEncoded: $0) }
    }

    /// The certificates of a PEM file, in DER.
    static func blocks(of text: [UInt8]) -> [[UInt8]] {
        PEMBlock.all(in: text).filter { $0.label == "CERTIFICATE" && !$0.hasHeaders }.map(\.bytes)
    }
}
