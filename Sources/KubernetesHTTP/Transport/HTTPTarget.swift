// SPDX-License-Identifier: GPL-2.0-or-later
import AsyncHTTPClient
import Glibc
import NIOCore

/// Where connections go and how they are made.
struct HTTPTarget: Sendable {
    var server: ServerAddress
    /// The name the certificate must be for, where it is not the host.
    var serverName: String?
    var proxy: ProxyAddress?
    /// For name, connection, proxy and handshake together. Where nobody answers, Linux asks for a connection at once and after one,
    /// three and seven seconds: so with two seconds at most to the next try there are never more than four between two requests.
    var connectLimit = Duration.seconds(9)

    init(_ connection: ClusterConnection) {
        server = connection.server
        serverName = connection.server.isTLS ? connection.serverName : nil
        proxy = connection.proxy
    }

    /// The URL that leads to `target`. TLS is put on the connection here, and none of the HTTP client's affair.
    func url(_ target: String) -> String {
        "http://\(ServerAddress.bracketed(server.host)):\(server.port)\(server.pathPrefix)\(target)"
    }

    func configuration(_ tls: TLSMaterial) throws(TLSProblem) -> HTTPClient.Configuration {
        var handshake: TLSHandshake?
        if server.isTLS {
            handshake = try TLSHandshake(tls, identity: ServerIdentity(serverName ?? server.host), limit: connectLimit)
        }
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(connectLimit)),
            connectionPool: .init(idleTimeout: .seconds(10))
        )
        configuration.httpVersion = .http1Only
        // Whoever asks has a back-off of their own.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
        configuration.proxy = proxy.map(HTTPClient.Configuration.Proxy.init)
        configuration.http1_1ConnectionDebugInitializer = { [handshake] channel in
            // At once: what the server sends first must not go by the handshake.
            let isSecure = handshake?.start(on: channel) ?? channel.eventLoop.makeSucceededVoidFuture()
            return channel.keepAlive().flatMap { isSecure }
        }
        return configuration
    }
}

extension HTTPTarget: CustomStringConvertible {
    /// Such as `https://10.0.0.1:6443 through http://proxy:3128`.
    var description: String {
        proxy.map { "\(server) through \($0)" } ?? "\(server)"
    }
}

extension HTTPClient.Configuration.Proxy {
    fileprivate init(_ proxy: ProxyAddress) {
        switch proxy.kind {
        case .socks5:
            self = .socksServer(host: proxy.host, port: proxy.port)
        case .http:
            self = .server(
                host: proxy.host,
                port: proxy.port,
                authorization: proxy.account.map { .basic(username: $0.user, password: $0.password.value) }
            )
        }
    }
}

extension Channel {
    /// Has the kernel probe the peer while nothing comes, so that one that is gone is found in half a minute and not only
    /// by the idle limit.
    fileprivate func keepAlive() -> EventLoopFuture<Void> {
        let options: [(ChannelOptions.Types.SocketOption, ChannelOptions.Types.SocketOption.Value)] = [
            (.init(level: .tcp, name: .init(rawValue: TCP_KEEPIDLE)), 15),
            (.init(level: .tcp, name: .init(rawValue: TCP_KEEPINTVL)), 5),
            (.init(level: .tcp, name: .init(rawValue: TCP_KEEPCNT)), 3),
            (.init(level: .socket, name: .so_keepalive), 1),
        ]
        return EventLoopFuture.andAllComplete(
            options.map { option, value in setOption(option, value: value) },
            on: eventLoop
        )
    }
}
