// SPDX-License-Identifier: GPL-2.0-or-later
/// How much a document may ask of its reader. What asks for more is refused, and says which limit it has met.
public struct DocumentLimits: Hashable, Sendable {
    /// Of the text, and of its scalars together, where what an alias stands for counts each time.
    public var bytes: Int
    /// How deep mappings and lists are nested, aliases followed.
    public var depth: Int
    /// Scalars, mappings and lists of all documents of a text, but for keys. What an alias stands for counts each time.
    public var values: Int

    public init(bytes: Int, depth: Int, values: Int) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
    }

    /// Of a file that is read whole, or of one object of a file that is read in parts.
    ///
    /// The API server takes no object of more than 1.5 MiB. The worst text within these limits takes some 100 MB of memory, in a
    /// container that has 256. The depth is that of no Kubernetes object, and shallow enough for
    /// the stack of any thread.
    public static let file = DocumentLimits(bytes: 8 << 20, depth: 500, values: 500_000)

    /// The bytes of a file without a byte order mark.
    ///
    /// - Throws: When they are too many, or no UTF-8.
    public func text(of bytes: [UInt8]) throws(DocumentSyntaxError) -> [UInt8] {
        guard bytes.count <= self.bytes else { throw DocumentSyntaxError(line: 1, tooLong: self) }
        let start = try DocumentText.start(of: bytes)
        try DocumentText.validate(bytes.span, line: 1)
        return start > 0 ? Array(bytes.dropFirst(start)) : bytes
    }
}

/// What a text must be before its format counts.
package enum DocumentText {
    /// Where the text begins, after a byte order mark.
    ///
    /// - Throws: When the mark is that of another encoding than UTF-8.
    package static func start(of bytes: [UInt8]) throws(DocumentSyntaxError) -> Int {
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            throw DocumentSyntaxError(line: 1, reason: "text in UTF-16 or UTF-32: want UTF-8")
        }
        return bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    }

    /// - Parameter line: The line that the bytes start on.
    /// - Throws: When they are no UTF-8.
    package static func validate(_ bytes: borrowing Span<UInt8>, line: Int) throws(DocumentSyntaxError) {
        do {
            _ = try UTF8Span(validating: copy bytes)
        } catch {
            let breaks = (0..<error.byteOffsets.lowerBound).count { bytes[$0] == UInt8(ascii: "\n") }
            throw DocumentSyntaxError(line: line + breaks, reason: "bytes that are not UTF-8")
        }
    }
}

extension DocumentSyntaxError {
    /// The text is too long.
    package init(line: Int, tooLong limits: DocumentLimits) {
        self.init(line: line, reason: "larger than \(limits.bytes) bytes, and nothing of it is read")
    }

    /// The text is nested too deep.
    package init(line: Int, tooDeep limits: DocumentLimits) {
        self.init(line: line, reason: "nested more than \(limits.depth) levels deep")
    }

    /// A string that would take long to compare.
    package init(unsafeStringOn line: Int) {
        self.init(line: line, reason: "more than 30 combining marks in a row")
    }

    /// The text holds too many values.
    package init(line: Int, tooMany values: Int) {
        self.init(line: line, reason: "more than \(values) values, aliases followed")
    }
}
