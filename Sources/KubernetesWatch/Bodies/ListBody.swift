// SPDX-License-Identifier: GPL-2.0-or-later
/// Cuts the body of a list into its items while it arrives, so that no more of it is held than one item.
struct ListBody: Sendable {
    // One of the two.
    private var protobuf: ProtobufListCutter?
    private var json: JSONListCutter?

    /// - Parameter maximumLength: The longest item taken, in bytes.
    init(encoding: ContentEncoding, maximumLength: Int = 16 << 20) {
        switch encoding {
        case .protobuf: protobuf = ProtobufListCutter(maximumLength: maximumLength)
        case .json: json = JSONListCutter(maximumLength: maximumLength)
        }
    }

    /// Hands each item that is whole with this chunk to `body`.
    mutating func append(_ chunk: [UInt8], _ body: ([UInt8]) throws(APIError) -> Void) throws(APIError) {
        try protobuf?.append(chunk, body)
        try json?.append(chunk, body)
    }

    /// What the list says of itself.
    ///
    /// - Throws: When the body ended before the list did, or was none.
    func finish() throws(APIError) -> ListMetadata {
        if let protobuf { return try protobuf.finish() }
        if let json { return try json.finish() }
        throw .malformed("no list")
    }
}

/// What a list says of itself.
struct ListMetadata: Hashable, Sendable {
    var version: ResourceVersion
    /// What to ask for the next page with; empty on the last.
    var continuation: String

    init(version: String, continuation: String) throws(APIError) {
        guard !version.isEmpty else { throw .malformed("a list without a resourceVersion") }
        self.version = ResourceVersion(rawValue: version)
        self.continuation = continuation
    }
}
