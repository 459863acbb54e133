// SPDX-License-Identifier: GPL-2.0-or-later
package import KubernetesWatch

/// A way to a `FakeAPIServer` without a network and without time: what a real transport would find out after its idle
/// limit, it finds out at once.
package struct FakeTransport: APITransport {
    private let server: FakeAPIServer
    private let token: @Sendable () -> String?

    package init(_ server: FakeAPIServer, token: @escaping @Sendable () -> String? = { nil }) {
        self.server = server
        self.token = token
    }

    package func send(_ request: APIRequest) async throws(APIError) -> APIResponse<Body> {
        let response = server.respond(
            to: ServerRequest(
                method: request.method.rawValue,
                target: request.target,
                accept: request.accept,
                authorization: token().map { "Bearer \($0)" },
                body: request.body
            )
        )
        return APIResponse(
            code: response.code,
            contentType: response.contentType,
            retryAfter: response.retryAfterSeconds.map { "\($0)" },
            body: Body(body: response.body)
        )
    }

    package struct Body: AsyncSequence, AsyncIteratorProtocol, Sendable {
        package typealias Element = [UInt8]
        package typealias Failure = APIError

        fileprivate var body: ServerBody

        package func makeAsyncIterator() -> Self { self }

        package mutating func next(isolation: isolated (any Actor)? = #isolation) async throws(APIError) -> [UInt8]? {
            switch await body.next() {
            case .send(let bytes)?: return bytes
            case .end?: return nil
            case .reset?: throw .transport(TransportFailure(.connectionLost, "connection reset by peer"))
            case .halfClose?: throw .transport(TransportFailure(.connectionLost, "the server closed the connection"))
            case .silence?: throw .transport(TransportFailure(.silent, "nothing arrived for too long"))
            case nil: throw .transport(TransportFailure(.cancelled, "cancelled"))
            }
        }
    }
}
