// SPDX-License-Identifier: GPL-2.0-or-later
import NIOCore
import NIOPosix
import Synchronization

/// Passes connections on: to one port, or wherever `CONNECT` asks for.
final class Relay: Sendable {
    enum Mode: Sendable {
        case port(Int)
        /// An HTTP proxy, which may want a `Proxy-Authorization`.
        case connect(authorization: String?)
    }

    private struct State {
        var connections = 0
        var frozen = 0
        var targets: [String] = []
    }

    let port: Int
    private let mode: Mode
    private let state = Mutex(State())

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private init(port: Int, mode: Mode) {
        self.port = port
        self.mode = mode
    }

    /// How many connections there have been.
    var connections: Int { state.withLock { $0.connections } }
    /// What `CONNECT` has asked for.
    var targets: [String] { state.withLock { $0.targets } }

    /// Lets nothing pass any more on the connections that are there, and keeps them open: as if a cable were cut.
    func freeze() {
        state.withLock { $0.frozen = $0.connections }
    }

    static func run(_ mode: Mode, _ body: @Sendable (Relay) async throws -> Void) async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        guard let port = listener.channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        let relay = Relay(port: port, mode: mode)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { tasks in
                        for try await connection in connections {
                            let number = relay.state.withLock { state in
                                state.connections += 1
                                return state.connections
                            }
                            tasks.addTask {
                                // Broken connections are what this is about.
                                try? await relay.serve(connection, number)
                            }
                        }
                    }
                }
            }
            try await body(relay)
            group.cancelAll()
        }
    }

    private func serve(_ connection: Connection, _ number: Int) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var head = ""
            var upstream: (any Channel)?
            if case .port(let port) = mode { upstream = try await connect(port, from: connection.channel, number) }
            for try await bytes in inbound {
                if let upstream {
                    if !isFrozen(number) { try await upstream.writeAndFlush(bytes) }
                    continue
                }
                head += String(buffer: bytes)
                guard head.hasSuffix("\r\n\r\n") else { continue }
                let (port, answer) = answer(to: head)
                try await outbound.write(ByteBuffer(string: answer))
                guard let port else { return }
                upstream = try await connect(port, from: connection.channel, number)
            }
            try await upstream?.close()
        }
    }

    /// - Returns: A channel to the port that writes what it reads to `client`.
    private func connect(_ port: Int, from client: any Channel, _ number: Int) async throws -> any Channel {
        try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Forwarder(to: client) { self.isFrozen(number) }
                    )
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    private func isFrozen(_ number: Int) -> Bool {
        state.withLock { number <= $0.frozen }
    }

    /// - Returns: Where to connect, if anywhere, and what to answer. All names of the tests lead to this machine.
    private func answer(to head: String) -> (port: Int?, answer: String) {
        let lines = head.split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard case .connect(let authorization) = mode, words.count == 3, words[0] == "CONNECT" else {
            return (nil, "HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        state.withLock { $0.targets.append(String(words[1])) }
        let given = lines.first { $0.lowercased().hasPrefix("proxy-authorization: ") }
            .map { String($0.dropFirst("proxy-authorization: ".count)) }
        guard authorization == nil || authorization == given else {
            return (nil, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        }
        return (words[1].split(separator: ":").last.flatMap { Int($0) }, "HTTP/1.1 200 OK\r\n\r\n")
    }
}

/// Writes what a channel reads to another.
private final class Forwarder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let client: any Channel
    private let isFrozen: () -> Bool

    init(to client: any Channel, isFrozen: @escaping () -> Bool) {
        self.client = client
        self.isFrozen = isFrozen
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isFrozen() { client.writeAndFlush(unwrapInboundIn(data), promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isFrozen() { client.close(promise: nil) }
    }
}
