// SPDX-License-Identifier: GPL-2.0-or-later
/// What a request shows of us, at a moment.
struct Session: Hashable, Sendable {
    var headers: [Secret<Header>]
    var tls: TLSMaterial
}

/// Why there is nothing to show.
struct CredentialError: Error, Hashable, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
