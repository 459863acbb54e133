import NIOCore

/// What a server puts up with. Its ports are open to whoever reaches the node.
public struct ConnectionLimits: Hashable, Sendable {
    /// Connections of one server at the same time. One more makes the one go that has waited longest for a request.
    public var connections = 64
    /// From the connection, or the end of the last answer, to the end of a request's head.
    public var headTime: Duration = .seconds(5)
    /// From the end of a request's head to the end of the answer.
    public var answerTime: Duration = .seconds(10)
    /// Of a request with everything: head and body.
    public var requestBytes = 32 * 1024
    /// Requests on one connection.
    public var requests = 100
    /// What answers that are on their way get when the server closes.
    public var closeTime: Duration = .milliseconds(250)

    public init() {}

    /// Of a request's head.
    static var headBytes: Int { 16 * 1024 }
    static var headFields: Int { 64 }
}
