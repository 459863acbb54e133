// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import SwiftASN1
import X509

/// Who the server's certificate must be for (RFC 9525), by the rules of Go's `x509.Certificate.VerifyHostname`.
enum ServerIdentity: Hashable, Sendable {
    case address(IPAddress)
    /// As it was given, but in lower case.
    case name(String)

    /// - Parameter host: An address may stand in brackets.
    init(_ host: String) {
        let isBracketed = host.count > 2 && host.hasPrefix("[") && host.hasSuffix("]")
        if let address = IPAddress(isBracketed ? String(host.dropFirst().dropLast()) : host) {
            self = .address(address.unmapped)
        } else {
            self = .name(host.lowercased())
        }
    }

    /// What the server is told it was asked for (RFC 6066 section 3): a name without a dot at its end, and never an address.
    var serverNameIndication: String? {
        guard case .name(let name) = self else { return nil }
        let trimmed = name.hasSuffix(".") ? String(name.dropLast()) : name
        return trimmed.isEmpty ? nil : trimmed
    }

    /// Whether one of a certificate's alternative names is this. The common name does not count.
    func matches(_ names: some Sequence<GeneralName>) -> Bool {
        names.contains { alternative in
            switch (self, alternative) {
            case (.address(let address), .ipAddress(let bytes)):
                Array(bytes.bytes) == address.networkBytes
            case (.name(let name), .dnsName(let pattern)):
                Self.isName(name, like: pattern)
            default:
                false
            }
        }
    }

    /// - Parameter pattern: A name of a certificate. A wildcard stands for one whole label, the first of several.
    static func isName(_ name: String, like pattern: String) -> Bool {
        let (name, pattern) = (name.lowercased(), pattern.lowercased())
        let isAbsolute = name.hasSuffix(".")
        let relative = isAbsolute ? String(name.dropLast()) : name
        guard isHostName(relative, mayBePattern: false), isHostName(pattern, mayBePattern: true) else {
            // Go compares names that are no host names to the letter.
            return !name.isEmpty && name != "." && name == pattern
        }
        let labels = relative.split(separator: ".", omittingEmptySubsequences: false)
        let wanted = pattern.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count == wanted.count
            && zip(labels, wanted).enumerated().allSatisfy { index, pair in
                pair.0 == pair.1 || (index == 0 && pair.1 == "*")
            }
    }

    private static func isHostName(_ text: String, mayBePattern: Bool) -> Bool {
        guard !text.isEmpty, text != "*" else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).enumerated().allSatisfy { index, label in
            if mayBePattern, index == 0, label == "*" { return true }
            return !label.isEmpty && label.first != "-"
                && label.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
    }
}

extension IPAddress {
    /// An IPv4 address that is written as an IPv6 address is that IPv4 address, as for Go's `net.IP.Equal`.
    fileprivate var unmapped: IPAddress {
        guard Self.isMapped(networkBytes) else { return self }
        return IPAddress(v4: networkBytes.suffix(4).reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// - Parameter bytes: Of an address, in network order.
    static func isMapped(_ bytes: [UInt8]) -> Bool {
        bytes.count == 16 && bytes.starts(with: [UInt8](repeating: 0, count: 10) + [0xff, 0xff])
    }
}

extension ServerIdentity: CustomStringConvertible {
    var description: String {
        switch self {
        case .address(let address): "the address \(address)"
        case .name(let name): "the name \(name)"
        }
    }
}
