// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Cuts a text into documents without reading them, so that one that cannot be read leaves the others.
///
/// A line that starts with `---` or `...` and goes on with white space ends a document wherever it stands, be it inside of a block or
/// of quotes (`c-forbidden`, YAML 1.2.2, section 9.1.2), so nothing else of the syntax counts here.
struct YAMLDocumentCutter {
    struct Piece {
        /// Among the text's bytes.
        var range: Range<Int>
        /// The line that it starts on.
        var line: Int
    }

    private var position: Int
    private var line = 1
    /// Whether directives may come next, and a `---` that only begins a document.
    private var isBeforeDocument = true

    /// - Parameter start: Where the text begins among its bytes.
    init(from start: Int) {
        position = start
    }

    /// The next document; `nil` at the end of the text.
    mutating func next(of text: Span<UInt8>) -> Piece? {
        guard position < text.count else { return nil }
        let start = position
        let startLine = line
        while position < text.count {
            let end = Self.lineEnd(text, from: position)
            let content = text.extracting(position..<end)
            if Self.isMarker(content, UInt8(ascii: "-")) {
                if !isBeforeDocument, position > start { break }
                isBeforeDocument = false
            } else if Self.isMarker(content, UInt8(ascii: ".")) {
                isBeforeDocument = true
                advance(to: end)
                break
            } else if Self.isContent(content) {
                isBeforeDocument = false
            }
            advance(to: end)
        }
        return Piece(range: start..<position, line: startLine)
    }

    private mutating func advance(to end: Int) {
        position = end
        line += 1
    }

    /// Where the next line begins.
    private static func lineEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        unsafe text.extracting(start...).withUnsafeBytes { rest in
            guard let base = rest.baseAddress, let found = unsafe memchr(base, Int32(UInt8(ascii: "\n")), rest.count)
            else {
                return text.count
            }
            return unsafe start + base.distance(to: found) + 1
        }
    }

    /// Whether the line is one of three of the byte, and then white space.
    private static func isMarker(_ line: Span<UInt8>, _ byte: UInt8) -> Bool {
        guard line.count >= 3, line[0] == byte, line[1] == byte, line[2] == byte else { return false }
        return line.count == 3 || isWhiteSpace(line[3])
    }

    /// Whether it is neither blank nor a comment nor a directive.
    private static func isContent(_ line: Span<UInt8>) -> Bool {
        guard let first = line.indices.first(where: { !isWhiteSpace(line[$0]) }) else { return false }
        return line[first] != UInt8(ascii: "#") && !(first == 0 && line[0] == UInt8(ascii: "%"))
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): true
        default: false
        }
    }
}
