// SPDX-License-Identifier: GPL-2.0-or-later
/// What a server is asked: the part of an HTTP request that answers depend on.
public struct HTTPQuestion: Hashable, Sendable {
    /// Without query.
    public var path: String
    /// What a `PUT` wants there; `nil` for a question that changes nothing.
    public var put: String?

    public init(path: String, put: String? = nil) {
        self.path = path
        self.put = put
    }
}

/// What a server answers.
public struct HTTPAnswer: Hashable, Sendable {
    /// The HTTP status code.
    public var code: Int
    public var contentType: String
    /// Besides `Content-Type` and `Content-Length`, in order.
    public var headers: [Header]
    public var body: String

    public struct Header: Hashable, Sendable {
        /// A name as HTTP has it; one that is none is not sent.
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }

        /// Keeps browsers from taking the body for something else.
        public static let noSniffing = Header("X-Content-Type-Options", "nosniff")
    }

    public init(code: Int = 200, contentType: String, headers: [Header] = [], body: String) {
        self.code = code
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    public static func text(_ body: String) -> HTTPAnswer {
        HTTPAnswer(contentType: "text/plain; charset=utf-8", headers: [.noSniffing], body: body)
    }

    /// As Go's `http.NotFound` has it.
    public static var notFound: HTTPAnswer {
        HTTPAnswer(
            code: 404,
            contentType: "text/plain; charset=utf-8",
            headers: [.noSniffing],
            body: "404 page not found\n"
        )
    }
}
