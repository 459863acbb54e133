// SPDX-License-Identifier: GPL-2.0-or-later
/// What a credential plugin says on its standard error, fit for a log: a beginning of it, on one line, with nothing in it
/// that may be a secret.
///
/// Plugins print requests and answers when they fail. So only words and numbers are shown as people write them; whatever mixes
/// letters and digits, is long, or follows a name such as `token=` is left out.
struct PluginWords: CustomStringConvertible {
    let description: String

    private static let mostBytes = 4096
    private static let mostCharacters = 200
    /// Longer than nearly all English words, and shorter than any key.
    private static let longestWord = 20
    private static let leftOut = "…"

    init(_ output: [UInt8]) {
        // A secret that is cut in two is two secrets; a key in PEM format begins with a line of plain words.
        let text = String(decoding: output.prefix(Self.mostBytes), as: UTF8.self).oneLine
        let plain = text.firstRange(of: "-----BEGIN").map { String(text[..<$0.lowerBound]) } ?? text
        var shown = ""
        var isSecret = false
        for piece in Self.pieces(plain) {
            guard let first = piece.unicodeScalars.first else { continue }
            if Self.isSeparator(first) {
                // A secret may have spaces.
                isSecret = isSecret && !piece.contains(where: { ",;&)}]".contains($0) })
                shown += piece
            } else {
                shown += isSecret || !Self.isPlain(piece) ? Self.leftOut : String(piece)
                isSecret = isSecret || Self.announcesSecret(piece, in: plain)
            }
        }
        let isLong = shown.count > Self.mostCharacters || output.count > Self.mostBytes || plain.count < text.count
        description = shown.prefix(Self.mostCharacters) + (isLong ? Self.leftOut : "")
    }

    /// Words, and what stands between them.
    private static func pieces(_ text: String) -> [Substring] {
        var pieces: [Substring] = []
        var rest = text[...]
        while let first = rest.unicodeScalars.first {
            let end = rest.unicodeScalars.firstIndex { isSeparator($0) != isSeparator(first) } ?? rest.endIndex
            pieces.append(rest[..<end])
            rest = rest[end...]
        }
        return pieces
    }

    private static func isSeparator(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case " ", "\"", "'", "`", "=", ":", ",", ";", "&", "?", "(", ")", "[", "]", "{", "}", "<", ">", "|", "@": true
        default: false
        }
    }

    /// Whether all letters between dots, slashes and hyphens are words, or all are digits.
    private static func isPlain(_ piece: Substring) -> Bool {
        let parts = piece.unicodeScalars.split { [".", "/", "-", "_", "!", "…"].contains($0) }
        let areDigits = parts.allSatisfy { $0.allSatisfy { $0.properties.numericType == .decimal } }
        let areWords = parts.allSatisfy { part in
            part.count <= longestWord && part.allSatisfy(\.properties.isAlphabetic)
        }
        return areWords || areDigits && piece.unicodeScalars.count <= longestWord
    }

    private static func announcesSecret(_ piece: Substring, in text: String) -> Bool {
        let name = piece.lowercased()
        if name == "bearer" || name == "basic" { return true }
        // "the token has expired" is no secret: a sign must follow.
        guard let sign = text[piece.endIndex...].unicodeScalars.first(where: { $0 != " " && $0 != "\"" && $0 != "'" }),
            sign == "=" || sign == ":"
        else { return false }
        return ["token", "secret", "password", "passwd", "authorization", "credential", "cookie", "key", "assertion"]
            .contains { name.contains($0) }
    }
}
