// SPDX-License-Identifier: GPL-2.0-or-later
/// Why a request to the API server failed.
public enum APIError: Error, Hashable, Sendable {
    /// The server said no: as the HTTP response, or as a watch's `ERROR` message.
    case status(APIStatus)
    /// No answer, or no whole answer.
    case transport(TransportFailure)
    /// An answer that could not be read. The text says what of it, for a person.
    case malformed(String)
}

/// The server's words: a `Status` of meta/v1, or what could be read of an HTTP response without one.
public struct APIStatus: Hashable, Sendable {
    /// The HTTP status code, or `code` of the `Status` where that has one.
    public var code: Int
    /// A word such as `Expired`; empty when the server gave none.
    public var reason: String
    /// A sentence for a person; empty when the server gave none.
    public var message: String
    /// How long the server wants not to be asked again.
    public var retryAfter: Duration?
    /// The `reason` of each of `details.causes`.
    public var causes: [String]

    public init(
        code: Int,
        reason: String = "",
        message: String = "",
        retryAfter: Duration? = nil,
        causes: [String] = []
    ) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfter = retryAfter
        self.causes = causes
    }
}

/// What went wrong on the way to the server or back.
public struct TransportFailure: Hashable, Sendable {
    /// As a bounded set: for metric labels.
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        /// Name not resolved, connection refused, no route, connect timeout.
        case cannotConnect = "cannot_connect"
        /// The handshake failed, or the server's certificate is not trusted.
        case tls
        /// There are no credentials to send: a file that cannot be read, a plugin that failed.
        case credentials
        /// Nothing has arrived for longer than the request's `idleLimit`.
        case silent
        /// Closed before anything of the response had come, as a load balancer does that has no server to pass it to.
        case unanswered
        /// Reset, or closed before the end of the response.
        case connectionLost = "connection_lost"
        case cancelled
        case other
    }

    public var kind: Kind
    /// What happened, in the words of whoever noticed, for a person.
    public var explanation: String

    public init(_ kind: Kind, _ explanation: String) {
        self.kind = kind
        self.explanation = explanation
    }
}

extension APIError {
    /// What went wrong, without values: for metric labels.
    public var label: String {
        switch self {
        case .status(let status):
            switch status.code {
            case 401: "unauthorized"
            case 403: "forbidden"
            case 410: "expired"
            case 429: "too_many_requests"
            case 400..<500: "client_error"
            default: "server_error"
            }
        case .transport(let failure): failure.kind.rawValue
        case .malformed: "malformed"
        }
    }
}

extension APIError {
    /// Whether the version at hand is of no more use for a watch, so that only a new list can go on.
    ///
    /// `410 Gone` (`Expired`) says that the version is compacted away; `ResourceVersionTooLarge`, that the server has
    /// never been there, as after a restore from a backup. Any other refusal of the request itself will not change with
    /// the same version either, but for those that are about the client (401, 403) or the moment (408, 429). A message
    /// that cannot be read leaves a gap in the history, which a new list closes.
    var needsRelist: Bool {
        switch self {
        case .status(let status):
            status.code == 410 || status.causes.contains("ResourceVersionTooLarge")
                || (400..<500).contains(status.code) && ![401, 403, 408, 429].contains(status.code)
        case .transport: false
        case .malformed: true
        }
    }

    /// Whether it was no API server that failed the request: there was nobody, or a proxy or load balancer spoke in its place.
    /// Those know nothing of a `Status` and its reason.
    var isUnanswered: Bool {
        switch self {
        case .status(let status): [502, 503, 504].contains(status.code) && status.reason.isEmpty
        case .transport(let failure): [.cannotConnect, .tls, .unanswered, .silent].contains(failure.kind)
        case .malformed: false
        }
    }

    /// How long the server wants not to be asked again.
    var retryAfter: Duration? {
        if case .status(let status) = self { status.retryAfter } else { nil }
    }
}

extension APIError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .status(let status): status.description
        case .transport(let failure): failure.explanation
        case .malformed(let what): "unreadable answer: \(what)"
        }
    }
}

extension APIStatus: CustomStringConvertible {
    /// Such as `410 Expired: too old resource version: 10 (20)`.
    public var description: String {
        var text = "\(code)"
        if !reason.isEmpty { text += " \(reason)" }
        if !message.isEmpty { text += ": \(message)" }
        return text
    }
}
