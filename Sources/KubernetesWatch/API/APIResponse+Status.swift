// SPDX-License-Identifier: GPL-2.0-or-later
extension APIResponse where Body: AsyncSequence, Body.Element == [UInt8], Body.Failure == APIError {
    /// The response, when its code says success.
    ///
    /// - Parameter limit: For those words. Without them the code must do.
    /// - Throws: `APIError.status` with the server's words for any other code.
    public func checked(
        within limit: TimeLimit = TimeLimit(.seconds(30), on: ContinuousClock())
    ) async throws(APIError) -> Self {
        guard !(200..<300).contains(code) else { return self }
        var status: APIStatus?
        do throws(APIError) {
            let body = try await collect(upTo: 64 << 10, within: limit)
            status = APIStatus(statusBody: body, contentType: contentType)
        } catch {
            // The code alone says more than the failure to read the rest.
        }
        var answer = status ?? APIStatus(code: code)
        answer.code = code
        answer.retryAfter = Duration(retryAfterHeader: retryAfter) ?? answer.retryAfter
        throw .status(answer)
    }

    /// The whole body.
    ///
    /// - Throws: `APIError.malformed` as soon as there are more than `limit` bytes, or the time is over.
    public func collect(
        upTo limit: Int,
        within timeLimit: TimeLimit = TimeLimit(.seconds(30), on: ContinuousClock())
    ) async throws(APIError) -> [UInt8] {
        var bytes: [UInt8] = []
        var iterator = body.makeAsyncIterator()
        while let chunk = try await iterator.next(isolation: #isolation) {
            bytes += chunk
            guard bytes.count <= limit else { throw .malformed("a body of more than \(limit) bytes") }
            guard !timeLimit.isOver else { throw .malformed("a body that takes longer than \(timeLimit.limit)") }
        }
        return bytes
    }
}

extension Duration {
    /// The delay of a `Retry-After` header in its form of seconds, the only one that API servers write.
    init?(retryAfterHeader text: String?) {
        guard let text, let seconds = Int64(text) else { return nil }
        self.init(retryAfterSeconds: seconds)
    }

    init(retryAfterSeconds seconds: Int64) {
        self = .seconds(min(max(seconds, 0), 3600))
    }
}
