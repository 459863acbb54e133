// SPDX-License-Identifier: GPL-2.0-or-later
/// Where the API server listens, as a kubeconfig's `server` says it.
public struct ServerAddress: Hashable, Sendable {
    public var isTLS: Bool
    /// A name or an address; an IPv6 address without brackets.
    public var host: String
    public var port: Int
    /// What comes before each path of the API, such as `/k8s/clusters/c-1`; empty as a rule, and without a slash at its end.
    public var pathPrefix: String

    public init(isTLS: Bool = true, host: String, port: Int, pathPrefix: String = "") {
        self.isTLS = isTLS
        self.host = host
        self.port = port
        self.pathPrefix = pathPrefix
    }

    /// Reads a URL such as `https://[fd00::1]:6443/prefix`.
    ///
    /// - Parameter defaultsToTLS: What a text without a scheme means.
    /// - Throws: what is wrong with the text, for a person.
    init(_ text: String, defaultsToTLS: Bool = true) throws(AddressProblem) {
        let url = try URLParts(text)
        switch url.scheme {
        case "https": isTLS = true
        case "http": isTLS = false
        case nil: isTLS = defaultsToTLS
        case .some(let scheme): throw AddressProblem("the scheme is \"\(scheme)\", want https or http")
        }
        guard url.userInformation == nil else { throw AddressProblem("a user name in the URL is not supported") }
        host = url.host
        port = url.port ?? (isTLS ? 443 : 80)
        pathPrefix = url.path
    }

    /// The host as a URL has it: an IPv6 address stands in brackets.
    static func bracketed(_ host: String) -> String {
        host.contains(":") ? "[\(host)]" : host
    }

    /// For the `Host` header (RFC 9110 section 7.2): the port is left out where it is the scheme's own.
    var authority: String {
        port == (isTLS ? 443 : 80) ? Self.bracketed(host) : "\(Self.bracketed(host)):\(port)"
    }
}

extension ServerAddress: CustomStringConvertible {
    public var description: String {
        "\(isTLS ? "https" : "http")://\(Self.bracketed(host)):\(port)\(pathPrefix)"
    }
}

struct AddressProblem: Error, Hashable, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}

/// What stands in a URL of a server or a proxy (RFC 3986 section 3).
struct URLParts: Hashable {
    /// In lower case.
    var scheme: String?
    /// What stands before an `@`, still escaped.
    var userInformation: String?
    /// Without brackets.
    var host: String
    var port: Int?
    /// Without slashes at its end.
    var path: String

    init(_ text: String) throws(AddressProblem) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw AddressProblem("a URL has no spaces and only ASCII characters")
        }
        var rest = text[...]
        if let separator = rest.firstRange(of: "://") {
            scheme = rest[..<separator.lowerBound].lowercased()
            rest = rest[separator.upperBound...]
        }
        guard !rest.contains("?"), !rest.contains("#") else {
            throw AddressProblem("a query or fragment has no place here")
        }
        var authority = rest.prefix { $0 != "/" }
        path = String(rest[authority.endIndex...])
        while path.hasSuffix("/") { path.removeLast() }
        if let at = authority.lastIndex(of: "@") {
            userInformation = String(authority[..<at])
            authority = authority[authority.index(after: at)...]
        }
        let portText: Substring
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { throw AddressProblem("a \"]\" is missing") }
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            portText = authority[authority.index(after: end)...]
        } else {
            host = String(authority.prefix { $0 != ":" })
            portText = authority.dropFirst(host.count)
        }
        guard !host.isEmpty else { throw AddressProblem("there is no host") }
        guard !portText.isEmpty else { return }
        guard portText.first == ":", let number = UInt16(portText.dropFirst()), number > 0 else {
            throw AddressProblem("\"\(portText)\" is no port; an IPv6 address stands in brackets")
        }
        port = Int(number)
    }
}
