// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import SmallFiles
import YAMLDocuments

/// Takes secrets out of what a bug report shows: the values that the kubeconfig has for its users, the tokens in the files that it
/// names, and whatever stands between `://` and `@` in an address.
///
/// No part of a report is meant to have any of them. This is the second door.
public struct Redaction: Sendable {
    private let secrets: [[UInt8]]

    private static let mark = Array("(left out)".utf8)
    /// What is shorter is found in every text.
    private static let shortest = 6

    /// What a kubeconfig has for its users that is no secret, and is needed to understand a report.
    private static let plainKeys: Set<String> = [
        "apiVersion", "client-certificate", "client-key", "command", "installHint", "interactiveMode", "name",
        "provideClusterInfo", "tokenFile",
    ]

    public init(secrets: [String]) {
        self.secrets = secrets.map { Array($0.utf8) }.filter { $0.count >= Self.shortest }
            // The longer one first, where one is a part of another.
            .sorted { $0.count > $1.count }
    }

    /// The token of a Pod's service account.
    private static let ownToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"

    /// The secrets of a kubeconfig. One that cannot be read has none that this program could know.
    public init(kubeconfig path: String?) {
        var secrets = Self.words(in: Self.ownToken)
        for document in Self.documents(path) {
            for user in document.members("users") {
                Self.collect(user, key: "", &secrets)
                for file in Self.texts(of: "tokenFile", in: user) { secrets += Self.words(in: file) }
            }
        }
        self.init(secrets: secrets)
    }

    private static func documents(_ path: String?) -> [DocumentNode] {
        guard let path, let bytes = try? SmallFile.read(path) else { return [] }
        return (try? YAMLReader.read(bytes)) ?? []
    }

    private static func words(in file: String) -> [String] {
        guard let text = try? SmallFile.read(file) else { return [] }
        return String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private static func collect(_ node: DocumentNode, key: String, _ secrets: inout [String]) {
        switch node.value {
        case .string(let text):
            guard !plainKeys.contains(key) else { return }
            secrets.append(text)
            secrets += text.split(separator: "\n").map(String.init)
        case .integer(let number): if !plainKeys.contains(key) { secrets.append("\(number)") }
        case .sequence(let nodes): for node in nodes { collect(node, key: key, &secrets) }
        case .mapping(let entries): for entry in entries { collect(entry.value, key: entry.key, &secrets) }
        case .null, .bool, .double: break
        }
    }

    private static func texts(of key: String, in node: DocumentNode) -> [String] {
        guard case .mapping(let entries) = node.value else { return [] }
        return entries.flatMap { entry -> [String] in
            if entry.key == key, case .string(let text) = entry.value.value { return [text] }
            return texts(of: key, in: entry.value)
        }
    }

    /// The text without secrets.
    public func clean(_ text: [UInt8]) -> [UInt8] {
        var text = Self.withoutAccounts(text)
        for secret in secrets { text = Self.replace(secret, in: text) }
        return text
    }

    private static func replace(_ secret: [UInt8], in text: [UInt8]) -> [UInt8] {
        guard text.count >= secret.count, text.firstRange(of: secret) != nil else { return text }
        var clean: [UInt8] = []
        var rest = text[...]
        while let range = rest.firstRange(of: secret) {
            clean += rest[..<range.lowerBound]
            clean += mark
            rest = rest[range.upperBound...]
        }
        return clean + rest
    }

    /// An account ends at `@`, and is in the authority of an address (RFC 3986, section 3.2): before the next slash.
    private static func withoutAccounts(_ text: [UInt8]) -> [UInt8] {
        let start = Array("://".utf8)
        guard text.firstRange(of: start) != nil else { return text }
        var clean: [UInt8] = []
        var rest = text[...]
        while let range = rest.firstRange(of: start) {
            clean += rest[..<range.upperBound]
            rest = rest[range.upperBound...]
            let authority = rest.prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\"") }
            guard let end = authority.lastIndex(of: UInt8(ascii: "@")) else { continue }
            clean += mark
            rest = rest[end...]
        }
        return clean + rest
    }
}

extension DocumentNode {
    /// The elements of the list under a key.
    fileprivate func members(_ key: String) -> [DocumentNode] {
        guard case .mapping(let entries) = value,
            case .sequence(let nodes)? = entries.first(where: { $0.key == key })?.value.value
        else { return [] }
        return nodes
    }
}
