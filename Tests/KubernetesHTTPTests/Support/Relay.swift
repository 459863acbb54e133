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
            var fromClient = inbound.makeAsyncIterator()
            guard let target = try await target(&fromClient, outbound) else { return }
            let upstream = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(host: target.host, port: target.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
                }
            try await upstream.executeThenClose { fromServer, toServer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for try await bytes in fromServer {
                            try await self.waitWhileFrozen(number)
                            try await outbound.write(bytes)
                        }
                        connection.channel.close(promise: nil)
                    }
                    while let bytes = try await fromClient.next() {
                        try await waitWhileFrozen(number)
                        try await toServer.write(bytes)
                    }
                    group.cancelAll()
                }
            }
        }
    }

    private func waitWhileFrozen(_ number: Int) async throws {
        // For good: the test ends it.
        if state.withLock({ number <= $0.frozen }) { try await Task.sleep(for: .seconds(3600)) }
    }

    private func target(
        _ client: inout NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws -> (host: String, port: Int)? {
        guard case .connect(let authorization) = mode else {
            guard case .port(let port) = mode else { return nil }
            return ("127.0.0.1", port)
        }
        var head = ""
        while !head.hasSuffix("\r\n\r\n"), let bytes = try await client.next() { head += String(buffer: bytes) }
        let lines = head.split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3, words[0] == "CONNECT" else {
            try await outbound.write(ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n"))
            return nil
        }
        state.withLock { $0.targets.append(String(words[1])) }
        let given = lines.first { $0.lowercased().hasPrefix("proxy-authorization: ") }
            .map { String($0.dropFirst("proxy-authorization: ".count)) }
        guard authorization == nil || authorization == given else {
            try await outbound.write(
                ByteBuffer(string: "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            )
            return nil
        }
        try await outbound.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\n"))
        // The test's names all lead here.
        guard let port = words[1].split(separator: ":").last.flatMap({ Int($0) }) else { return nil }
        return ("127.0.0.1", port)
    }
}
