// SPDX-License-Identifier: GPL-2.0-or-later
/// Why the server's certificates do not prove that it is the server that was asked for.
struct CertificateRefusal: Error, Hashable {
    /// What is said of the server's certificate, such as `has expired`.
    var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

extension CertificateRefusal: CustomStringConvertible {
    var description: String { "the server's certificate \(reason)" }
}
