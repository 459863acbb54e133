// SPDX-License-Identifier: GPL-2.0-or-later
/// A proxy that connections to the API server go through, as a tunnel.
struct ProxyAddress: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// `CONNECT` of HTTP (RFC 9110 section 9.3.6).
        case http
        /// RFC 1928.
        case socks5
    }

    struct Account: Hashable, Sendable {
        var user: String
        var password: Secret<String>
    }

    var kind: Kind
    /// Without brackets.
    var host: String
    var port: Int
    var account: Account?

    /// Reads a URL such as `http://user:password@10.0.0.1:3128`.
    ///
    /// - Throws: what is wrong with the text or not supported, for a person; never the password.
    init(_ text: String) throws(AddressProblem) {
        let url = try URLParts(text)
        switch url.scheme {
        case "http", nil: kind = .http
        case "socks5", "socks5h": kind = .socks5
        case .some(let scheme): throw AddressProblem("the scheme is \"\(scheme)\", want http or socks5")
        }
        host = url.host
        port = url.port ?? (kind == .http ? 80 : 1080)
        guard let information = url.userInformation else { return }
        guard kind == .http else { throw AddressProblem("a user name for a SOCKS proxy is not supported") }
        let parts = information.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let user = Self.unescaped(parts[0]), let password = Self.unescaped(parts.count > 1 ? parts[1] : "") else {
            throw AddressProblem("the user name or password is escaped wrongly")
        }
        account = Account(user: user, password: Secret(password))
    }

    /// Undoes percent encoding (RFC 3986 section 2.1).
    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(Substring(digits), radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension ProxyAddress: CustomStringConvertible {
    /// Without the account.
    var description: String {
        "\(kind == .http ? "http" : "socks5")://\(ServerAddress.bracketed(host)):\(port)"
    }
}
