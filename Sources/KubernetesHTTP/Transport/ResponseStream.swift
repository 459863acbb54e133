// SPDX-License-Identifier: GPL-2.0-or-later
import AsyncHTTPClient
import KubernetesWatch
import NIOCore
import NIOHTTP1
import Synchronization

/// Takes a response as the HTTP client brings it and gives it as it is asked for.
///
/// AsyncHTTPClient's own asynchronous body cannot tell a silent server from a slow reader: its read timeout runs while
/// nobody reads. Here the time counts only while somebody waits.
final class ResponseStream: HTTPClientResponseDelegate {
    typealias Response = Void

    private let state = Mutex(ResponseState<HTTPResponseHead>())

    // MARK: From the client

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        state.withLock { $0.receive(head: head) }.perform()
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        guard buffer.readableBytes > 0 else { return task.eventLoop.makeSucceededVoidFuture() }
        let promise = task.eventLoop.makePromise(of: Void.self)
        let now = NIODeadline.now()
        let (leave, action) = state.withLock { state in
            state.receive(piece: buffer.readableBytesView, at: now) { promise.succeed(()) }
        }
        leave?()
        action.perform { time in
            if time <= now {
                // After all that the connection has read by now: its parts come one after the other on this event loop.
                task.eventLoop.execute { self.handOver() }
            } else {
                task.eventLoop.scheduleTask(deadline: time) { self.handOver() }
            }
        }
        return promise.futureResult
    }

    private func handOver() {
        state.withLock { $0.handOver(at: .now()) }.perform()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) throws {}

    /// The response is complete, or nothing more will come of it.
    func end(_ result: Result<Void, any Error>) {
        switch result {
        case .success: end(.complete)
        case .failure(let error): end(.failed(APIError(fromClient: error)))
        }
    }

    func fail(_ failure: TransportFailure) {
        end(.failed(.transport(failure)))
    }

    private func end(_ ending: ResponseState<HTTPResponseHead>.Ending) {
        let (leave, action) = state.withLock { $0.end(ending) }
        leave?()
        action.perform()
    }

    // MARK: To the reader

    func head() async -> Result<HTTPResponseHead, APIError> {
        await withCheckedContinuation { waiter in
            if let result = state.withLock({ $0.takeHead(or: waiter) }) { waiter.resume(returning: result) }
        }
    }

    /// What has arrived and was not yet taken; the end; or `nil` while there is nothing.
    func pieceNow() -> Result<[UInt8]?, APIError>? {
        let (leave, result) = state.withLock { $0.takePiece() }
        leave?()
        return result
    }

    func piece() async -> Result<[UInt8]?, APIError> {
        await withCheckedContinuation { waiter in
            let (leave, result) = state.withLock { $0.takePiece(or: waiter) }
            leave?()
            if let result { waiter.resume(returning: result) }
        }
    }
}
