// SPDX-License-Identifier: GPL-2.0-or-later
/// A request as the server sees it.
package struct ServerRequest: Hashable, Sendable {
    package var method: String
    /// Without the query.
    package var path: String
    /// Decoded.
    package var query: [String: String]
    package var accept: String
    /// The `Authorization` header.
    package var authorization: String?
    package var body: [UInt8]

    package init(
        method: String,
        target: String,
        accept: String = "",
        authorization: String? = nil,
        body: [UInt8] = []
    ) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.method = method
        path = Self.decoded(parts[0])
        query = [:]
        for item in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[Self.decoded(pair[0])] = pair.count > 1 ? Self.decoded(pair[1]) : ""
        }
        self.accept = accept
        self.authorization = authorization
        self.body = body
    }

    var isWatch: Bool { ["true", "1"].contains(query["watch"]) }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The head of an answer, and the steps in which its body goes out.
package struct ServerResponse: Sendable {
    package var code: Int
    package var contentType: String
    package var retryAfterSeconds: Int?
    package var body: ServerBody
}

/// One step of sending a body.
package enum ServerStep: Hashable, Sendable {
    case send([UInt8])
    /// The body is whole.
    case end
    /// The connection is reset.
    case reset
    /// The server closes its side, although the body is not whole.
    case halfClose
    /// Nothing more is sent, and the connection stays open.
    case silence
}
