// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import Glibc
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import NIOPosix

/// An open port with answers behind it.
public final class HTTPListener: Sendable {
    public typealias Responder = @Sendable (HTTPQuestion) async -> HTTPAnswer

    private typealias Connection = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    private let server: any Channel
    private let connections: AsyncStream<Connection>
    private let http: HTTP1Channel
    private let table: ConnectionTable
    private let limits: ConnectionLimits

    /// For what goes wrong on single connections, which is the client's affair.
    private static let silent = Logger(label: "http", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Opens the port. Connections are taken, and wait until `serve()`.
    ///
    /// - Parameters:
    ///   - writablePaths: Where `PUT` is answered. Elsewhere only `GET` and `HEAD` are.
    ///   - shares: How many requests in a second all listeners with the same ones answer.
    public static func open(
        on address: ListenAddress,
        limits: ConnectionLimits = ConnectionLimits(),
        writablePaths: Set<String> = [],
        shares: RequestShares = .shared,
        responder: @escaping Responder
    ) async throws(ListenError) -> HTTPListener {
        let table = ConnectionTable(limits, shares)
        guard address.address.isUnspecified, address.scope == .everyFamily else {
            return try await open(on: address, isDual: false, limits, table, writablePaths, responder)
        }
        do throws(ListenError) {
            var address = address
            address.address = IPAddress(high: 0, low: 0)
            return try await open(on: address, isDual: true, limits, table, writablePaths, responder)
        } catch {
            // No IPv6 here: then the port is free in IPv4. Where it is taken, the second try says so.
            var address = address
            address.address = IPAddress(v4: 0)
            return try await open(on: address, isDual: false, limits, table, writablePaths, responder)
        }
    }

    private static func open(
        on address: ListenAddress,
        isDual: Bool,
        _ limits: ConnectionLimits,
        _ table: ConnectionTable,
        _ writablePaths: Set<String>,
        _ responder: @escaping Responder
    ) async throws(ListenError) -> HTTPListener {
        var decoder = HTTP1Channel.Configuration.DecoderConfiguration()
        decoder.maxHeaderFieldSize = ConnectionLimits.headBytes
        decoder.maxHeaderListSize = ConnectionLimits.headBytes
        decoder.maxHeaderFieldCount = ConnectionLimits.headFields
        let http = HTTP1Channel(
            responder: { request, writer, channel in
                guard let wait = table.turn(of: channel) else {
                    return try await writer.writeResponse(Self.tooMany)
                }
                if wait > .zero { try await Task.sleep(for: wait) }
                try await Self.answer(request, writer, writablePaths, limits, responder)
            },
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [RequestGuard(limits, table)],
                httpDecoderConfiguration: decoder
            )
        )
        do {
            var bootstrap = ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.maxMessagesPerRead, value: 32)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
            if address.address.family == .v6 {
                let option = ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only)
                bootstrap = bootstrap.serverChannelOption(option, value: isDual ? 0 : 1)
            }
            let (connections, source) = AsyncStream<Connection>.makeStream()
            let server = try await bootstrap.childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(InboundByteLimit(limit: limits.requestBytes))
                }.flatMap {
                    http.setup(channel: channel, logger: Self.silent)
                }.map { connection in
                    guard case .terminated = source.yield(connection) else { return }
                    // NIO ends the process for a connection that nobody serves. It is closed already, or will be at once.
                    Task { await http.handle(value: connection, logger: Self.silent) }
                }
            }.bind(to: SocketAddress(ipAddress: "\(address.address)", port: Int(address.port))).get()
            server.closeFuture.whenComplete { _ in source.finish() }
            return HTTPListener(server, connections, http, table, limits)
        } catch {
            throw ListenError(address: address, explanation: Self.explanation(of: error))
        }
    }

    private init(
        _ server: any Channel,
        _ connections: AsyncStream<Connection>,
        _ http: HTTP1Channel,
        _ table: ConnectionTable,
        _ limits: ConnectionLimits
    ) {
        self.server = server
        self.connections = connections
        // An open server has an address with a port.
        port = UInt16(server.localAddress?.port ?? 0)
        self.http = http
        self.table = table
        self.limits = limits
    }

    /// The port that was opened.
    public let port: UInt16

    /// How many connections are open.
    public var connectionCount: Int { table.count }

    /// Answers until the port is closed, or until the task is cancelled, and until all connections are closed.
    public func serve() async {
        // In a task of its own, which nobody cancels: that would drop connections that have been taken and nobody serves yet.
        let serving = Task { await takeConnections() }
        await withTaskCancellationHandler {
            await serving.value
        } onCancel: {
            startClosing()
        }
    }

    private func takeConnections() async {
        await withDiscardingTaskGroup { group in
            for await connection in connections {
                group.addTask { await self.http.handle(value: connection, logger: Self.silent) }
            }
            startClosing()
            // By then all connections are closed. Requests that wait for their turn need not wait any more.
            try? await Task.sleep(for: limits.closeTime)
            group.cancelAll()
        }
    }

    /// Closes the port; when this returns, another one may open it. Connections without a request are closed at once, the
    /// others when they are answered or their time is up.
    public func close() async {
        startClosing()
        // A port that somebody else has closed is closed.
        try? await server.closeFuture.get()
    }

    private func startClosing() {
        server.close(promise: nil)
        table.closeWaiting()
        server.eventLoop.scheduleTask(in: TimeAmount(limits.closeTime)) { [table] in
            table.closeAll()
        }
    }

    @concurrent
    private static func answer(
        _ request: Request,
        _ writer: consuming ResponseWriter,
        _ writablePaths: Set<String>,
        _ limits: ConnectionLimits,
        _ responder: Responder
    ) async throws {
        let path = request.uri.path
        let isWritable = writablePaths.contains(path)
        var question = HTTPQuestion(path: path)
        switch request.method {
        case .get, .head:
            break
        case .put where isWritable:
            // The connection ends when more comes, and when it takes too long.
            question.put = String(buffer: try await request.body.collect(upTo: limits.requestBytes))
        default:
            let refusal = HTTPResponse(
                status: .methodNotAllowed,
                headerFields: [.allow: isWritable ? "GET, HEAD, PUT" : "GET, HEAD", .contentLength: "0"])
            return try await writer.writeResponse(refusal)
        }
        let answer = await responder(question)
        let head = answer.head
        if request.method == .head {
            return try await writer.writeResponse(head)
        }
        var body = try await writer.writeHead(head)
        try await body.write(ByteBuffer(string: answer.body))
        try await body.finish(nil)
    }

    private static var tooMany: HTTPResponse {
        HTTPResponse(status: .tooManyRequests, headerFields: [.retryAfter: "1", .contentLength: "0"])
    }

    private static func explanation(of error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return unsafe String(cString: strerror(error.errnoCode))
    }
}

extension HTTPAnswer {
    fileprivate var head: HTTPResponse {
        var head = HTTPResponse(status: HTTPResponse.Status(code: code))
        head.headerFields[.contentType] = contentType
        for header in headers {
            if let name = HTTPField.Name(header.name) {
                head.headerFields[name] = header.value
            }
        }
        head.headerFields[.contentLength] = "\(body.utf8.count)"
        return head
    }
}
