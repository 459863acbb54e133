// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// The file with the authorities that the system trusts, where Go's crypto/x509 looks for it on Linux.
enum SystemAuthorities {
    private static let files = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
    ]

    /// - Parameter environment: Its `SSL_CERT_FILE` names another file.
    static func file(environment: [String: String]) -> String {
        if let file = environment["SSL_CERT_FILE"], !file.isEmpty { return file }
        return files.first { unsafe access($0, R_OK) == 0 } ?? files[0]
    }
}
