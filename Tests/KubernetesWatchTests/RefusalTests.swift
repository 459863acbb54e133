// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

/// Refusals keep the server's words.
@Suite struct RefusalTests {
    private func refusal(_ answer: CannedTransport.Answer) async -> APIError? {
        do throws(APIError) {
            _ = try await ResourceListWatch(.services, transport: CannedTransport(answer)).list(.cached)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: Speech.allCases)
    func `a Status is read in both encodings`(speech: Speech) async {
        let api = FakeAPIServer()
        api.inject(
            .listRefused(
                ServerStatus(code: 403, reason: "Forbidden", message: "services is forbidden", retryAfterSeconds: 3)
            ),
            .service
        )
        let source = ResourceListWatch(
            .services,
            transport: FakeTransport(api),
            options: ListWatchOptions(accept: speech.accept)
        )
        await #expect(
            throws: APIError.status(
                APIStatus(code: 403, reason: "Forbidden", message: "services is forbidden", retryAfter: .seconds(3))
            )
        ) { try await source.list(.cached) }
    }

    @Test func `the Retry-After header wins over the Status`() async {
        let body = #"{"kind":"Status","code":429,"reason":"TooManyRequests","details":{"retryAfterSeconds":1}}"#
        let error = await refusal(.init(code: 429, retryAfter: "9", body))
        #expect(error == .status(APIStatus(code: 429, reason: "TooManyRequests", retryAfter: .seconds(9))))
    }

    @Test func `no server sends us away for more than an hour`() async {
        #expect(
            await refusal(.init(code: 503, retryAfter: "9999999999", ""))
                == .status(APIStatus(code: 503, retryAfter: .seconds(3600))))
        #expect(
            await refusal(.init(code: 503, retryAfter: "-5", "")) == .status(APIStatus(code: 503, retryAfter: .zero)))
        // Dates are no API server's, and client-go does not read them either; nor what does not fit into 64 bits.
        for text in ["tomorrow", "Wed, 21 Oct 2037 07:28:00 GMT", "1.5", "", "99999999999999999999"] {
            #expect(await refusal(.init(code: 503, retryAfter: text, "")) == .status(APIStatus(code: 503)))
        }
    }

    @Test func `a proxy's page is cut to its first words, on one line`() async {
        let page = "<html>\n<h1>502 Bad Gateway</h1>\n" + String(repeating: "x", count: 5000)
        let error = await refusal(.init(code: 502, contentType: "text/html", page))
        guard case .status(let status)? = error else {
            Issue.record("no status: \(String(describing: error))")
            return
        }
        #expect(status.code == 502)
        #expect(status.message.hasPrefix("<html> <h1>502 Bad Gateway</h1> xxx"))
        #expect(status.message.utf8.count <= 300)
    }

    @Test func `a refusal whose body breaks off keeps its code`() async {
        let answer = CannedTransport.Answer(code: 500, pieces: [Array("{\"kind\":".utf8)], error: .reset)
        #expect(await refusal(answer) == .status(APIStatus(code: 500)))
    }

    @Test func `a refusal's body is not read without end`() async {
        let piece = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
        let answer = CannedTransport.Answer(code: 500, pieces: [[UInt8]](repeating: piece, count: 100))
        #expect(await refusal(answer) == .status(APIStatus(code: 500)))
    }

    @Test(arguments: ["text/html", "application/cbor"])
    func `an answer in an encoding that nobody asked for is malformed`(type: String) async {
        #expect(await refusal(.init(contentType: type, "<html>")) == .malformed("an answer of type \(type)"))
    }

    @Test func `a redirect is a refusal`() async {
        #expect(await refusal(.init(code: 302, "")) == .status(APIStatus(code: 302)))
    }

    @Test(arguments: [
        "{}", "[]", "null", #"{"metadata":{},"items":[]}"#, #"{"metadata":{"resourceVersion":"1"},"items":[1]}"#,
        #"{"metadata":{"resourceVersion":"1"},"items":["a"]}"#, #"{"metadata":{"resourceVersion":"1"},"items":[}"#,
        #"{"metadata":{"resourceVersion":"1"},"items":[]}}"#,
    ])
    func `what is no list is malformed`(body: String) async {
        guard case .malformed? = await refusal(.init(body)) else {
            Issue.record("taken: \(body)")
            return
        }
    }

    @Test func `a server that sends the same page for ever is not listened to for ever`() async {
        let page = CannedTransport.Answer(#"{"metadata":{"resourceVersion":"1","continue":"x"},"items":[]}"#)
        let source = ResourceListWatch(.services, transport: CannedTransport(page, page, page))
        await #expect(throws: APIError.malformed("a list whose next page is the same page again")) {
            try await source.list(.cached)
        }
    }
}
