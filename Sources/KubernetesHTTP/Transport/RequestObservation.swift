// SPDX-License-Identifier: GPL-2.0-or-later
/// Something that came of a request, for metrics.
public struct RequestObservation: Hashable, Sendable {
    public enum Stage: Hashable, Sendable {
        /// The head of a response has come, with its HTTP status code.
        case answered(code: Int)
        /// None will come.
        case unanswered
        /// All of the response has come. A watch is never done: it lasts as long as it was asked to.
        ///
        /// - Parameters:
        ///   - sent: Bytes of the request's body.
        ///   - received: Bytes of the response's.
        case done(duration: Duration, sent: Int, received: Int)
    }

    /// Such as `GET`.
    public var method: String
    /// The server's address, and its port where that is not the scheme's own.
    public var host: String
    public var stage: Stage

    public init(method: String, host: String, stage: Stage) {
        self.method = method
        self.host = host
        self.stage = stage
    }
}
