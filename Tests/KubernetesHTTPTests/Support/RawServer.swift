// SPDX-License-Identifier: GPL-2.0-or-later
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server that keeps what it was asked, word for word, and answers as it is told.
final class RawServer: Sendable {
    struct Answer: Sendable {
        var code = 200
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        var body: [UInt8] = []
        /// How often the body is sent, one copy after the other.
        var repetitions = 1
    }

    let port: Int
    private let received: Mutex<[HTTPRequestHead]>
    private let sent = Mutex(0)
    private let answer: @Sendable (HTTPRequestHead) -> Answer

    /// The heads of all requests.
    var requests: [HTTPRequestHead] { received.withLock { $0 } }
    /// How many bytes of bodies have left.
    var sentBytes: Int { sent.withLock { $0 } }

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    private init(port: Int, answer: @escaping @Sendable (HTTPRequestHead) -> Answer) {
        self.port = port
        self.answer = answer
        received = Mutex([])
    }

    /// Serves plain HTTP while `body` runs.
    static func run(
        host: String = "127.0.0.1",
        _ answer: @escaping @Sendable (HTTPRequestHead) -> Answer = { _ in Answer() },
        _ body: @Sendable (RawServer) async throws -> Void
    ) async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: host, port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        guard let port = listener.channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        let server = RawServer(port: port, answer: answer)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { tasks in
                        for try await connection in connections {
                            tasks.addTask { await server.serve(connection) }
                        }
                    }
                }
            }
            try await body(server)
            group.cancelAll()
        }
    }

    private func serve(_ connection: Connection) async {
        do {
            try await connection.executeThenClose { inbound, _ in
                for try await case .head(let head) in inbound {
                    received.withLock { $0.append(head) }
                    let answer = answer(head)
                    let channel = connection.channel
                    // Each part waits for the socket to have taken the one before, so that what has left is known.
                    func send(_ part: HTTPServerResponsePart) async throws {
                        try await channel.writeAndFlush(part)
                    }
                    let status = HTTPResponseStatus(statusCode: answer.code)
                    try await send(.head(HTTPResponseHead(version: .http1_1, status: status, headers: answer.headers)))
                    for _ in 0..<answer.repetitions where !answer.body.isEmpty {
                        try await send(.body(.byteBuffer(ByteBuffer(bytes: answer.body))))
                        sent.withLock { $0 += answer.body.count }
                    }
                    try await send(.end(nil))
                }
            }
        } catch {
            // A client that goes away is what some tests are about.
        }
    }
}
