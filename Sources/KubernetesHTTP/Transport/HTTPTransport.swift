// SPDX-License-Identifier: GPL-2.0-or-later
import AsyncHTTPClient
public import KubernetesWatch
public import Logging
import NIOHTTP1

/// Requests to an API server over HTTP/1.1 and TLS, with the credentials of a `ClusterConnection`.
public struct HTTPTransport: APITransport {
    private let target: HTTPTarget
    private let credentials: CredentialStore
    private let connections: HTTPConnections
    private let userAgent: String
    private let observe: @Sendable (RequestObservation) -> Void

    /// - Parameters:
    ///   - userAgent: Such as `kube-ipvs/1.0 (linux/amd64)`.
    ///   - fileAge: For how long a token, certificate or key that was read from a file is good before the file is read
    ///     again.
    ///   - logger: For what credential plugins say on their standard error.
    ///   - observe: Called with what comes of each request.
    public init(
        _ connection: ClusterConnection,
        userAgent: String,
        fileAge: Duration = .seconds(60),
        logger: Logger,
        observe: @escaping @Sendable (RequestObservation) -> Void = { _ in }
    ) {
        self.observe = observe
        target = HTTPTarget(connection)
        credentials = CredentialStore(connection, fileAge: fileAge, logger: logger)
        connections = HTTPConnections(target)
        self.userAgent = userAgent
    }

    public func send(_ request: APIRequest) async throws(APIError) -> APIResponse<HTTPBody> {
        let session = try await session()
        let response = try await send(request, session)
        guard response.code == 401, await credentials.refused(session) else { return response }
        // What was refused may only have been old: a token that rotated, a certificate that was renewed.
        let renewed = try await self.session()
        guard renewed != session else { return response }
        return try await send(request, renewed)
    }

    private func session() async throws(APIError) -> Session {
        do throws(CredentialError) {
            return try await credentials.session()
        } catch {
            throw .transport(TransportFailure(.credentials, "\(error)"))
        }
    }

    private func send(_ request: APIRequest, _ session: Session) async throws(APIError) -> APIResponse<HTTPBody> {
        let client: PooledClient
        do throws(TLSProblem) {
            client = try connections.client(for: session.tls)
        } catch {
            throw .transport(TransportFailure(.credentials, "certificates: \(error.explanation)"))
        }
        let observe: @Sendable (RequestObservation.Stage) -> Void = { [observe, target] stage in
            observe(
                RequestObservation(method: request.method.rawValue, host: target.server.authority, stage: stage))
        }
        let exchange = HTTPExchange(
            try prepared(request, session),
            idleLimit: request.idleLimit,
            client: client,
            connections: connections,
            onEnd: { duration, received in
                guard !request.isWatch else { return }
                observe(.done(duration: duration, sent: request.body.count, received: received))
            }
        )
        let head: HTTPResponseHead
        do throws(APIError) {
            head = try await self.head(of: exchange)
        } catch {
            observe(.unanswered)
            throw error
        }
        observe(.answered(code: Int(head.status.code)))
        return APIResponse(
            code: Int(head.status.code),
            contentType: head.headers.first(name: "Content-Type"),
            retryAfter: head.headers.first(name: "Retry-After"),
            body: HTTPBody(exchange: exchange)
        )
    }

    private func head(of exchange: HTTPExchange) async throws(APIError) -> HTTPResponseHead {
        do throws(APIError) {
            return try await exchange.head()
        } catch .transport(var failure) where failure.kind == .cannotConnect || failure.kind == .tls {
            // Whoever reads this may not know where the server was looked for.
            failure.explanation = "\(target): \(failure.explanation)"
            throw .transport(failure)
        } catch .transport(var failure) where failure.kind == .connectionLost {
            failure.kind = .unanswered
            throw .transport(failure)
        } catch {
            throw error
        }
    }

    private func prepared(_ request: APIRequest, _ session: Session) throws(APIError) -> HTTPClient.Request {
        var headers: HTTPHeaders = [
            "Host": target.server.authority, "User-Agent": userAgent, "Accept": request.accept,
        ]
        for header in session.headers { headers.add(name: header.value.name, value: header.value.value) }
        if let contentType = request.contentType { headers.add(name: "Content-Type", value: contentType) }
        do {
            return try HTTPClient.Request(
                url: target.url(request.target),
                method: HTTPMethod(rawValue: request.method.rawValue),
                headers: headers,
                body: request.body.isEmpty ? nil : .bytes(request.body)
            )
        } catch {
            throw APIError(fromClient: error)
        }
    }
}
