// SPDX-License-Identifier: GPL-2.0-or-later
import AsyncHTTPClient
import KubernetesWatch
import NIOCore
import Synchronization

/// The connections to the API server. Requests share them one after another, but never with a request that has failed:
/// after a failure all requests to come use new ones.
///
/// HTTP/1.1, where a request has its connection for itself: with HTTP/2 a silently dead connection would be found again by
/// whoever asks next.
final class HTTPConnections: Sendable {
    private let target: HTTPTarget
    private let current = Mutex<PooledClient?>(nil)

    init(_ target: HTTPTarget) {
        self.target = target
    }

    /// Connections that were made with `tls`.
    func client(for tls: TLSMaterial) throws(TLSProblem) -> PooledClient {
        try current.withLock { current throws(TLSProblem) in
            if let current, current.tls == tls { return current }
            let new = PooledClient(try target.configuration(tls), tls: tls)
            current = new
            return new
        }
    }

    /// Gives up all idle connections of `client`. Those in use go on.
    func retire(_ client: PooledClient) {
        current.withLock { if $0 === client { $0 = nil } }
    }
}

/// An HTTP client that shuts down when neither the pool nor any exchange holds it.
final class PooledClient: Sendable {
    let client: HTTPClient
    let tls: TLSMaterial

    init(_ configuration: HTTPClient.Configuration, tls: TLSMaterial) {
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.tls = tls
    }

    deinit {
        let done: EventLoopFuture<Void> = client.shutdown()
        // It can fail only for a client that was shut down before.
        _ = done
    }
}
