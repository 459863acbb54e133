// SPDX-License-Identifier: GPL-2.0-or-later
import NIOCore

/// What a server puts up with. Its ports are open to whoever reaches the node.
public struct ConnectionLimits: Hashable, Sendable {
    /// Connections of one server at the same time, from the node itself, and as many from elsewhere. Where there are more, those
    /// go that have waited longest for a request, or else those that have longest not read their answer.
    public var connections = 64
    /// What a connection has for its next step before it goes for another one, while there are no more than four times
    /// `connections`.
    public var grace: Duration = .seconds(1)
    /// Of one connection; so many may come at once, too. What comes faster waits.
    public var requestsPerSecond = 10
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

    var mostConnections: Int { 4 * connections }

    /// Of a request's head.
    static var headBytes: Int { 16 * 1024 }
    static var headFields: Int { 64 }
}
