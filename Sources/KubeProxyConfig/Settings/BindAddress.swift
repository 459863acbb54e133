// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// An address and a port to listen on.
public struct BindAddress: Hashable, Sendable, CustomStringConvertible {
    public var address: IPAddress
    /// 1 to 65535.
    public var port: UInt16

    public init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// `nil` unless the text is `address:port` with a port from 1, an IPv6 address in brackets.
    public init?(_ text: String) {
        guard let (host, port) = Self.split(text), let address = IPAddress(host), let port = Self.number(port)
        else {
            return nil
        }
        self.init(address: address, port: port)
    }

    private static func number(_ port: String) -> UInt16? {
        // Swift would take a sign, too.
        guard port.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return UInt16(port).flatMap { $0 > 0 ? $0 : nil }
    }

    /// Such as `127.0.0.1:10249` or `[::1]:10249`.
    public var description: String {
        address.family == .v6 ? "[\(address)]:\(port)" : "\(address):\(port)"
    }

    /// The text with a port appended, when it is an address without one. A text that is neither is left as it is.
    static func text(_ text: String, defaultPort: Int) -> String {
        guard split(text) == nil, let address = IPAddress(text) else { return text }
        return address.family == .v6 ? "[\(text)]:\(defaultPort)" : "\(text):\(defaultPort)"
    }

    /// Host and port, as Go's `net.SplitHostPort` parts them.
    private static func split(_ text: String) -> (host: String, port: String)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let port = text[text.index(after: colon)...]
        if host.first == "[" {
            guard host.last == "]" else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.contains("["), !host.contains("]"), !port.contains("]") else { return nil }
        return (String(host), String(port))
    }
}
