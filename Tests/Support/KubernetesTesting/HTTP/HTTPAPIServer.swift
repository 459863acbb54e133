// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A `FakeAPIServer` behind HTTP/1.1 on a port of the loopback address.
package struct HTTPAPIServer: Sendable {
    package let api: FakeAPIServer
    package let port: Int

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    /// How the server proves who it is, and what it wants of clients.
    package struct TLS: Hashable, Sendable {
        /// PEM.
        package var certificate: String
        package var key: String
        /// The authority that has to have signed the client's certificate; `nil` when clients need none.
        package var clientAuthority: String?
        package var version = Version.newest
        /// For TLS 1.2, in OpenSSL's words; `nil` for NIOSSL's own.
        package var cipherSuites: String?

        package enum Version: Hashable, Sendable {
            case newest, at1dot2, at1dot1
        }

        package init(certificate: String, key: String, clientAuthority: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.clientAuthority = clientAuthority
        }
    }

    /// Serves while `body` runs. Connections that are still open then are closed.
    ///
    /// - Parameters:
    ///   - tls: `nil` for plain HTTP.
    ///   - port: 0 for one that is free.
    package static func run<Result: Sendable>(
        _ api: FakeAPIServer,
        tls: TLS? = nil,
        port: Int = 0,
        _ body: @escaping @Sendable (HTTPAPIServer) async throws -> Result
    ) async throws -> Result {
        let context = try tls.map { try NIOSSLContext(configuration: $0.configuration()) }
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        guard let port = listener.channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        let server = HTTPAPIServer(api: api, port: port)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await listener.executeThenClose { connections in
                    await withDiscardingTaskGroup { tasks in
                        do {
                            for try await connection in connections {
                                tasks.addTask { await server.serve(connection) }
                            }
                        } catch {
                            // The listener was closed: the end of the test.
                        }
                        tasks.cancelAll()
                    }
                }
                return nil
            }
            group.addTask { try await body(server) }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    private func serve(_ connection: Connection) async {
        do {
            try await connection.executeThenClose { inbound, outbound in
                var head: HTTPRequestHead?
                var body: [UInt8] = []
                for try await part in inbound {
                    switch part {
                    case .head(let received):
                        head = received
                        body = []
                    case .body(let buffer):
                        body += Array(buffer.readableBytesView)
                    case .end:
                        guard let head else { return }
                        let request = ServerRequest(head, body: body)
                        guard try await answer(request, outbound, connection.channel) else { return }
                    }
                }
            }
        } catch {
            // A client that goes away, or whose handshake fails, is what many tests are about: the client has the error.
        }
    }

    /// - Returns: Whether the connection can take another request.
    private func answer(
        _ request: ServerRequest,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>,
        _ channel: any Channel
    ) async throws -> Bool {
        let response = api.respond(to: request)
        var headers = HTTPHeaders([("Content-Type", response.contentType)])
        if let seconds = response.retryAfterSeconds { headers.add(name: "Retry-After", value: "\(seconds)") }
        try await outbound.write(
            .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: response.code), headers: headers))
        )
        var body = response.body
        // Whoever waits for the next change has to hear that there is nobody to tell.
        let copy = body
        channel.closeFuture.whenComplete { _ in copy.close() }
        while let step = await body.next() {
            switch step {
            case .send(let bytes):
                try await outbound.write(.body(.byteBuffer(channel.allocator.buffer(bytes: bytes))))
            case .end:
                try await outbound.write(.end(nil))
                return true
            case .reset:
                if let provider = channel as? any SocketOptionProvider {
                    // With no time to linger, closing sends RST.
                    try await provider.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
                }
                try await channel.close()
                return false
            case .halfClose:
                try await channel.close(mode: .output)
                try await waitUntilClosed(channel)
                return false
            case .silence:
                try await waitUntilClosed(channel)
                return false
            }
        }
        return false
    }

    private func waitUntilClosed(_ channel: any Channel) async throws {
        try await withTaskCancellationHandler {
            try await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

extension HTTPAPIServer.TLS {
    fileprivate func configuration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
        )
        configuration.curves = [.x25519, .secp256r1, .secp384r1, .secp521r1]
        if let cipherSuites { configuration.cipherSuites = cipherSuites }
        switch version {
        case .newest: break
        case .at1dot2: configuration.maximumTLSVersion = .tlsv12
        case .at1dot1:
            configuration.minimumTLSVersion = .tlsv1
            configuration.maximumTLSVersion = .tlsv11
        }
        if let clientAuthority {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(clientAuthority.utf8)))
            configuration.certificateVerification = .noHostnameVerification
        }
        return configuration
    }
}

extension ServerRequest {
    fileprivate init(_ head: HTTPRequestHead, body: [UInt8]) {
        self.init(
            method: head.method.rawValue,
            target: head.uri,
            accept: head.headers[canonicalForm: "accept"].joined(separator: ","),
            authorization: head.headers.first(name: "authorization"),
            body: body
        )
    }
}
