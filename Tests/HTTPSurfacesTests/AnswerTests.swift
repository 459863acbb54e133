// SPDX-License-Identifier: GPL-2.0-or-later
import HTTPSurfaces
import Testing

struct AnswerTests {
    private static func ask(_ listener: HTTPListener, _ head: String) async throws -> String {
        let client = try RawClient(port: listener.port)
        client.send("\(head)\r\nHost: node\r\nConnection: close\r\n\r\n")
        return try await client.readToEnd()
    }

    @Test func `an answer has its code, its headers and its body`() async throws {
        try await serving { question in
            HTTPAnswer(
                code: 503,
                contentType: "application/json",
                headers: [.noSniffing, .init("X-Load-Balancing-Endpoint-Weight", "3")],
                body: "{\"path\":\"\(question.path)\"}"
            )
        } _: { listener in
            let answer = try await Self.ask(listener, "GET /a/b?c=d HTTP/1.1")
            #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            let lines = answer.lowercased().split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
            #expect(lines.contains("content-type: application/json"))
            #expect(lines.contains("x-content-type-options: nosniff"))
            #expect(lines.contains("x-load-balancing-endpoint-weight: 3"))
            #expect(lines.contains("content-length: 15"))
            #expect(lines.suffix(2) == ["", "{\"path\":\"/a/b\"}"])
        }
    }

    @Test func `HEAD gets the head alone`() async throws {
        try await serving { _ in
            .text("four")
        } _: { listener in
            let answer = try await Self.ask(listener, "HEAD / HTTP/1.1").lowercased()
            #expect(answer.hasPrefix("http/1.1 200 ok\r\n"))
            #expect(answer.contains("content-length: 4\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n"))
        }
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
    func `nothing can be written`(method: String) async throws {
        try await serving { listener in
            let answer = try await Self.ask(listener, "\(method) /metrics HTTP/1.1")
            #expect(answer.hasPrefix("HTTP/1.1 405 "))
            #expect(answer.lowercased().contains("allow: get, head\r\n"))
        }
    }

    @Test func `what is put where that is answered is handed on, and nothing of it elsewhere`() async throws {
        try await serving(writablePaths: ["/level"]) { question in
            .text("\(question.path) \(question.put ?? "-")")
        } _: { listener in
            func put(_ body: String, to path: String) async throws -> String {
                let client = try RawClient(port: listener.port)
                client.send(
                    "PUT \(path) HTTP/1.1\r\nHost: node\r\nConnection: close\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                return try await client.readToEnd()
            }
            #expect(try await put("4", to: "/level").hasSuffix("\r\n\r\n/level 4"))
            #expect(try await put("", to: "/level").hasSuffix("\r\n\r\n/level "))
            #expect(try await put("4", to: "/metrics").hasPrefix("HTTP/1.1 405 "))
            #expect(try await Self.ask(listener, "GET /level HTTP/1.1").hasSuffix("\r\n\r\n/level -"))
            let refused = try await Self.ask(listener, "DELETE /level HTTP/1.1")
            #expect(refused.hasPrefix("HTTP/1.1 405 ") && refused.lowercased().contains("allow: get, head, put\r\n"))
            let tooLong = try await put(String(repeating: "4", count: 64 * 1024), to: "/level")
            #expect(!tooLong.contains("200 OK"))
        }
    }

    @Test func `several requests go over one connection`() async throws {
        try await serving { listener in
            let client = try RawClient(port: listener.port)
            for number in 1...5 {
                client.send("GET /\(number) HTTP/1.1\r\nHost: node\r\n\r\n")
                #expect(try await client.read(until: "path /\(number)").contains("200 OK"))
            }
            #expect(listener.connectionCount == 1)
        }
    }

    @Test func `requests sent together are answered in order`() async throws {
        try await serving { listener in
            let client = try RawClient(port: listener.port)
            client.send((1...3).map { "GET /\($0) HTTP/1.1\r\nHost: node\r\n\r\n" }.joined())
            let text = try await client.read(until: "path /3")
            #expect(text.matches(of: /path \/(\d)/).map(\.output.1) == ["1", "2", "3"])
        }
    }

    @Test func `a large body arrives whole`() async throws {
        let body = String(repeating: "0123456789abcdef", count: 1 << 18)
        try await serving { _ in
            .text(body)
        } _: { listener in
            let answer = try await Self.ask(listener, "GET / HTTP/1.1")
            #expect(answer.hasSuffix("\r\n\r\n\(body)"))
        }
    }
}
