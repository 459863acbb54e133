// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesWatch
import Synchronization

/// Answers requests with ready-made responses, one after the other, and remembers the requests.
final class CannedTransport: APITransport {
    struct Answer: Sendable {
        var code = 200
        var contentType: String? = "application/json"
        var retryAfter: String?
        var pieces: [[UInt8]]
        var error: APIError?

        init(
            code: Int = 200,
            contentType: String? = "application/json",
            retryAfter: String? = nil,
            pieces: [[UInt8]],
            error: APIError? = nil
        ) {
            self.code = code
            self.contentType = contentType
            self.retryAfter = retryAfter
            self.pieces = pieces
            self.error = error
        }

        init(code: Int = 200, contentType: String? = "application/json", retryAfter: String? = nil, _ text: String) {
            self.init(code: code, contentType: contentType, retryAfter: retryAfter, pieces: [Array(text.utf8)])
        }
    }

    private let answers: Mutex<[Answer]>
    private let requests = Mutex<[APIRequest]>([])

    init(_ answers: Answer...) {
        self.answers = Mutex(answers)
    }

    var asked: [APIRequest] { requests.withLock { $0 } }

    func send(_ request: APIRequest) async throws(APIError) -> APIResponse<Body> {
        requests.withLock { $0.append(request) }
        let answer = answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        guard let answer else { throw .transport(TransportFailure(.cannotConnect, "connection refused")) }
        return APIResponse(
            code: answer.code,
            contentType: answer.contentType,
            retryAfter: answer.retryAfter,
            body: Body(pieces: answer.pieces.filter { !$0.isEmpty }, error: answer.error)
        )
    }

    struct Body: AsyncSequence, AsyncIteratorProtocol, Sendable {
        typealias Element = [UInt8]
        typealias Failure = APIError

        var pieces: [[UInt8]]
        var error: APIError?

        func makeAsyncIterator() -> Self { self }

        mutating func next(isolation: isolated (any Actor)? = #isolation) async throws(APIError) -> [UInt8]? {
            guard pieces.isEmpty else { return pieces.removeFirst() }
            if let error { throw error }
            return nil
        }
    }
}
