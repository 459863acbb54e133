// SPDX-License-Identifier: GPL-2.0-or-later
/// A request to the API server, without the server: the transport adds address, credentials and connection.
public struct APIRequest: Hashable, Sendable {
    public enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
        case patch = "PATCH"
    }

    /// One `name=value` of the query, in plain text: `target` escapes it.
    public struct QueryItem: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var method: Method
    /// Such as `/api/v1/services`, in plain text.
    public var path: String
    public var query: [QueryItem]
    /// The `Accept` header.
    public var accept: String
    /// The `Content-Type` header; `nil` without a body.
    public var contentType: String?
    public var body: [UInt8]
    /// For how long the server may send nothing: before the response's head, and between two pieces of its body.
    /// Whoever is silent for longer counts as gone.
    public var idleLimit: Duration

    public init(
        method: Method = .get,
        path: String,
        query: [QueryItem] = [],
        accept: String = "application/json",
        contentType: String? = nil,
        body: [UInt8] = [],
        idleLimit: Duration = .seconds(60)
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.accept = accept
        self.contentType = contentType
        self.body = body
        self.idleLimit = idleLimit
    }

    /// Whether it asks for changes as they happen.
    public var isWatch: Bool { query.contains(QueryItem("watch", "true")) }

    /// Path and query as the request line has them (RFC 9112 section 3.2.1), escaped as RFC 3986 wants.
    public var target: String {
        var target = path.percentEncoded(keepingSlashes: true)
        for (index, item) in query.enumerated() {
            target += index == 0 ? "?" : "&"
            target += item.name.percentEncoded() + "=" + item.value.percentEncoded()
        }
        return target
    }
}

extension String {
    /// With every byte escaped that is not unreserved (RFC 3986 section 2.3).
    fileprivate func percentEncoded(keepingSlashes: Bool = false) -> String {
        var encoded = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "/") where keepingSlashes:
                encoded += "/"
            default:
                encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}
