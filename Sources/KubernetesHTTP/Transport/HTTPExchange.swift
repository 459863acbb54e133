// SPDX-License-Identifier: GPL-2.0-or-later
import AsyncHTTPClient
public import KubernetesWatch
import NIOCore
import NIOHTTP1
import Synchronization

/// A request under way and its response. When nobody holds it any more, its connection is closed, unless the response has
/// come to its end.
final class HTTPExchange: Sendable {
    private let client: PooledClient
    private let connections: HTTPConnections
    private let stream: ResponseStream
    private let task: HTTPClient.Task<Void>
    private let idleTimer: IdleTimer
    private let start = ContinuousClock.now
    private let received = Atomic(0)
    private let onEnd: @Sendable (_ duration: Duration, _ received: Int) -> Void

    /// - Parameter onEnd: Called when the reader has come to the end of the response.
    init(
        _ request: HTTPClient.Request,
        idleLimit: Duration,
        client: PooledClient,
        connections: HTTPConnections,
        onEnd: @escaping @Sendable (_ duration: Duration, _ received: Int) -> Void
    ) {
        self.onEnd = onEnd
        self.client = client
        self.connections = connections
        let stream = ResponseStream()
        self.stream = stream
        let task = client.client.execute(request: request, delegate: stream)
        self.task = task
        idleTimer = IdleTimer(TimeAmount(idleLimit), on: task.eventLoop) {
            Self.abandon(task, stream, TransportFailure(.silent, "the server has sent nothing for \(idleLimit)"))
        }
        task.futureResult.whenComplete { stream.end($0) }
    }

    deinit {
        abandon(TransportFailure(.cancelled, "nobody reads the response any more"))
    }

    private func abandon(_ failure: TransportFailure) {
        Self.abandon(task, stream, failure)
    }

    private static func abandon(_ task: HTTPClient.Task<Void>, _ stream: ResponseStream, _ failure: TransportFailure) {
        // The task's own way of ending can wait for the reader; the reader must not wait for that.
        stream.fail(failure)
        task.cancel()
    }

    func head() async throws(APIError) -> HTTPResponseHead {
        try await waiting { await self.stream.head() }
    }

    /// - Returns: `nil` at the end of the response.
    func piece() async throws(APIError) -> [UInt8]? {
        guard let piece = try await nextPiece() else {
            onEnd(start.duration(to: .now), received.load(ordering: .relaxed))
            return nil
        }
        received.add(piece.count, ordering: .relaxed)
        return piece
    }

    private func nextPiece() async throws(APIError) -> [UInt8]? {
        if let ready = stream.pieceNow() {
            guard case .failure = ready else { return try ready.get() }
        }
        return try await waiting { await self.stream.piece() }
    }

    /// Waits for the connection to bring something, for the request's `idleLimit` at most.
    private func waiting<Value: Sendable>(
        _ wait: @Sendable () async -> Result<Value, APIError>
    ) async throws(APIError) -> Value {
        idleTimer.beginWait()
        let result = await withTaskCancellationHandler {
            await wait()
        } onCancel: {
            abandon(TransportFailure(.cancelled, "cancelled"))
        }
        idleTimer.endWait()
        if case .failure = result { connections.retire(client) }
        return try result.get()
    }
}

/// The body of a response, read from its connection as its iterator asks.
public struct HTTPBody: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = APIError

    let exchange: HTTPExchange

    public func makeAsyncIterator() -> Iterator {
        Iterator(exchange: exchange)
    }

    public struct Iterator: AsyncIteratorProtocol {
        let exchange: HTTPExchange

        public mutating func next(isolation: isolated (any Actor)? = #isolation) async throws(APIError) -> [UInt8]? {
            try await exchange.piece()
        }
    }
}
