// SPDX-License-Identifier: GPL-2.0-or-later
/// A way to an API server: HTTP, TLS and credentials, and no knowledge of what is asked.
///
/// What it must keep to:
/// - A response is handed on whatever its status code, as soon as its head is there. Reading the code is the caller's part.
/// - The body is pulled: nothing more is read from the connection than its iterator has asked for, but for a bounded buffer.
/// - A server that is silent for longer than the request's `idleLimit` is given up with `TransportFailure.Kind.silent`.
/// - A body that ends before the server has ended it (no last chunk, or short of `Content-Length`) throws
///   `.connectionLost`; it never just ends.
/// - After any failure no later request goes over the same connection. A silently dead connection must not be found again.
/// - An iterator that is dropped before the end, or whose task is cancelled, closes its connection.
public protocol APITransport: Sendable {
    /// The pieces of a response's body, none of them empty, cut anywhere.
    associatedtype Body: AsyncSequence, Sendable where Body.Element == [UInt8], Body.Failure == APIError

    /// Sends a request, and returns when the head of the response has arrived.
    ///
    /// - Throws: `APIError.transport` when there is no response. In a cancelled task any error may be thrown.
    func send(_ request: APIRequest) async throws(APIError) -> APIResponse<Body>
}

/// The head of an HTTP response, and what follows it.
public struct APIResponse<Body: Sendable>: Sendable {
    /// The HTTP status code.
    public var code: Int
    /// The `Content-Type` header.
    public var contentType: String?
    /// The `Retry-After` header.
    public var retryAfter: String?
    public var body: Body

    public init(code: Int, contentType: String? = nil, retryAfter: String? = nil, body: Body) {
        self.code = code
        self.contentType = contentType
        self.retryAfter = retryAfter
        self.body = body
    }
}
