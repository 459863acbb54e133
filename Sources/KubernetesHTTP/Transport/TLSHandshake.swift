// SPDX-License-Identifier: GPL-2.0-or-later
import AsyncHTTPClient
import NIOCore
import NIOSSL
import NIOTLS
import Synchronization

/// Puts TLS on connections to the server.
///
/// AsyncHTTPClient could do it, but takes no verification except BoringSSL's, which wants more of a cluster's PKI than
/// kube-proxy does. So it is asked for plain HTTP, and gets a connection that speaks TLS before the first request goes out.
struct TLSHandshake: Sendable {
    private let context: NIOSSLContext
    private let serverName: String?
    private let verification: ServerVerification?
    private let limit: TimeAmount

    /// - Parameter limit: What a handshake may take.
    init(_ material: TLSMaterial, identity: ServerIdentity, limit: Duration) throws(TLSProblem) {
        do {
            context = try NIOSSLContext(configuration: try material.configuration())
        } catch let problem as TLSProblem {
            throw problem
        } catch {
            throw TLSProblem(explanation: "client certificate and key do not fit together")
        }
        serverName = identity.serverNameIndication
        verification = try material.verification(of: identity)
        self.limit = TimeAmount(limit)
    }

    /// Succeeds when both ends have agreed and the server has proven who it is; closes the connection otherwise.
    func start(on channel: any Channel) -> EventLoopFuture<Void> {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        let verdict = Verdict()
        do {
            try channel.pipeline.syncOperations.addHandlers(
                [try tlsHandler(verdict), HandshakeWatch(promise, verdict, limit)],
                position: .first
            )
        } catch {
            promise.fail(error)
        }
        promise.futureResult.whenFailure { _ in channel.close(promise: nil) }
        return promise.futureResult
    }

    private func tlsHandler(_ verdict: Verdict) throws -> NIOSSLClientHandler {
        guard let verification else {
            return try NIOSSLClientHandler(context: context, serverHostname: serverName)
        }
        return try NIOSSLClientHandler(context: context, serverHostname: serverName) { certificates, promise in
            let chain = certificates.compactMap { try? $0.toDERBytes() }
            promise.completeWithTask {
                do throws(CertificateRefusal) {
                    guard chain.count == certificates.count else { throw CertificateRefusal("cannot be read") }
                    try await verification.verify(chain)
                    return .certificateVerified
                } catch {
                    verdict.refusal.withLock { $0 = error }
                    return .failed
                }
            }
        }
    }
}

/// What came of the verification, which BoringSSL tells only as failed.
private final class Verdict: Sendable {
    let refusal = Mutex<CertificateRefusal?>(nil)
}

/// Waits for the end of a handshake.
private final class HandshakeWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let promise: EventLoopPromise<Void>
    private let verdict: Verdict
    private let limit: TimeAmount
    private var deadline: Scheduled<Void>?

    init(_ promise: EventLoopPromise<Void>, _ verdict: Verdict, _ limit: TimeAmount) {
        self.promise = promise
        self.verdict = verdict
        self.limit = limit
    }

    func handlerAdded(context: ChannelHandlerContext) {
        deadline = context.eventLoop.scheduleTask(in: limit) { [promise] in
            promise.fail(HTTPClientError.tlsHandshakeTimeout)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        // Without effect where it has ended in another way.
        promise.fail(HTTPClientError.remoteConnectionClosed)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            deadline?.cancel()
            promise.succeed(())
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(verdict.refusal.withLock { $0 } ?? error)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(HTTPClientError.remoteConnectionClosed)
        context.fireChannelInactive()
    }
}

@available(*, unavailable)
extension HandshakeWatch: Sendable {}
