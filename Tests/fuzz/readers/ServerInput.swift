// SPDX-License-Identifier: GPL-2.0-or-later
import Dispatch
import KubernetesWatch

/// Bodies of an API server, through the same requests that the daemon makes.
enum ServerInput {
    enum Encoding {
        case json
        case protobuf

        var contentType: String {
            switch self {
            case .json: "application/json"
            case .protobuf: "application/vnd.kubernetes.protobuf"
            }
        }
    }

    static func list(_ bytes: [UInt8], _ encoding: Encoding) {
        waitFor {
            let transport = OneBody(contentType: encoding.contentType, body: bytes)
            _ = try? await listWatch(.services, transport).list(.cached)
            _ = try? await listWatch(.endpointSlices, transport).list(.cached)
            _ = try? await listWatch(.nodes, transport).list(.cached)
        }
    }

    static func watch(_ bytes: [UInt8], _ encoding: Encoding) {
        waitFor {
            let transport = OneBody(contentType: encoding.contentType, body: bytes)
            await follow(listWatch(.services, transport))
            await follow(listWatch(.endpointSlices, transport))
        }
    }

    private static func listWatch<Object>(
        _ resource: WatchedResource<Object>,
        _ transport: OneBody
    ) -> ResourceListWatch<OneBody, Object> {
        ResourceListWatch(resource, transport: transport)
    }

    private static func follow(_ source: ResourceListWatch<OneBody, some WatchableObject>) async {
        do throws(APIError) {
            var events = try await source.watch(after: ResourceVersion(rawValue: "1"), for: .seconds(1))
                .makeAsyncIterator()
            while try await events.next() != nil {}
        } catch {}
    }

    /// libFuzzer calls a plain function and has no notion of tasks.
    private static func waitFor(_ work: @escaping @Sendable () async -> Void) {
        let end = DispatchSemaphore(value: 0)
        Task {
            await work()
            end.signal()
        }
        end.wait()
    }
}

/// Answers each request with the same body, in pieces whose length the body itself decides.
private struct OneBody: APITransport {
    var contentType: String
    var body: [UInt8]

    func send(_ request: APIRequest) async throws(APIError) -> APIResponse<Pieces> {
        let length = max(1, Int(body.first ?? 0))
        return APIResponse(code: 200, contentType: contentType, body: Pieces(rest: body[...], length: length))
    }

    struct Pieces: AsyncSequence, AsyncIteratorProtocol, Sendable {
        typealias Element = [UInt8]
        typealias Failure = APIError

        var rest: ArraySlice<UInt8>
        var length: Int

        func makeAsyncIterator() -> Self { self }

        mutating func next(isolation: isolated (any Actor)? = #isolation) async throws(APIError) -> [UInt8]? {
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(length) }
            return Array(rest.prefix(length))
        }
    }
}
