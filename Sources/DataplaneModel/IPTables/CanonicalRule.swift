// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

/// A rule in a form that does not depend on which version and variant of iptables printed it.
///
/// A rule is a conjunction, so its options are compared without order. Beside that, these are the same:
/// - values in and out of quotes;
/// - `0x00004000`, `0x4000` and `16384`, a mask of all bits and none, `--or-mark M` and `--set-xmark M/M`,
///   `--xor-mark M` and `--set-xmark M/0x0`;
/// - `-p tcp` and `-p 6` (printed where `/etc/protocols` is missing), and so for `--vproto`;
/// - an address with and without its full length;
/// - `-p tcp -m tcp` and `-p tcp`;
/// - connection states in any order;
/// - REJECT with and without its default answer.
struct CanonicalRule: Hashable {
    private let options: [String]

    /// - Parameter rule: the rule without `-A CHAIN`.
    init(_ rule: some StringProtocol) {
        var options: [String] = []
        var words = RuleWords(rule).words[...]
        while let first = words.popFirst() {
            var name = first
            var inverted = false
            if first == "!", let next = words.popFirst() {
                (name, inverted) = (next, true)
            }
            var values: [String] = []
            while let next = words.first, next != "!", !next.hasPrefix("-") {
                values.append(next)
                words.removeFirst()
            }
            guard let option = Self.canonical(name, values) else { continue }
            options.append(inverted ? "! \(option)" : option)
        }
        self.options = options.sorted()
    }

    /// One option with its values; `nil` when it says nothing.
    private static func canonical(_ name: String, _ values: [String]) -> String? {
        let value = values.first ?? ""
        switch name {
        case "-m" where ["tcp", "udp", "sctp"].contains(value):
            return nil
        case "--reject-with" where ["icmp-port-unreachable", "icmp6-port-unreachable"].contains(value):
            return nil
        case "-s", "-d", "--vaddr":
            return "\(name) \(network(value))"
        case "-p", "--vproto":
            return "\(name) \(transport(value))"
        case "--ctstate":
            return "\(name) \(value.split(separator: ",").sorted().joined(separator: ","))"
        case "--mark", "--set-xmark":
            return "\(name) \(mark(value))"
        case "--or-mark":
            return "--set-xmark \(mark("\(value)/\(value)"))"
        case "--xor-mark":
            return "--set-xmark \(mark("\(value)/0"))"
        default:
            return ([name] + values).joined(separator: " ")
        }
    }

    private static func network(_ text: String) -> String {
        if let address = IPAddress(text) { return IPPrefix(host: address).description }
        return IPPrefix(text)?.description ?? text
    }

    private static func transport(_ text: String) -> String {
        let lowercase = text.lowercased()
        return TransportProtocol.allCases.first { $0.lowercaseName == lowercase }.map { "\($0.rawValue)" } ?? lowercase
    }

    private static func mark(_ text: String) -> String {
        let parts = text.split(separator: "/").map { part in
            part.hasPrefix("0x") ? UInt32(part.dropFirst(2), radix: 16) : UInt32(part)
        }
        guard (1...2).contains(parts.count), let value = parts[0] else { return text }
        guard parts.count == 2 else { return "\(value)/\(UInt32.max)" }
        guard let mask = parts[1] else { return text }
        return "\(value)/\(mask)"
    }
}

/// The words of a line that iptables printed: split at spaces, but for what is in double quotes.
package struct RuleWords {
    package var words: [String] = []

    package init(_ line: some StringProtocol) {
        var word: String?
        var isQuoted = false
        var isEscaped = false
        for character in line {
            if isEscaped {
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                word = word ?? ""
                isQuoted.toggle()
            } else if character == " ", !isQuoted {
                if let finished = word { words.append(finished) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let finished = word { words.append(finished) }
    }
}
