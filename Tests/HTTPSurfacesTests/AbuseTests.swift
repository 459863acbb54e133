// SPDX-License-Identifier: GPL-2.0-or-later
import HTTPSurfaces
import SystemTesting
import Testing

/// The ports are open to whoever reaches the node.
struct AbuseTests {
    private static var impatient: ConnectionLimits {
        var limits = ConnectionLimits.patient
        limits.headTime = .seconds(1)
        return limits
    }

    @Test func `a client that says nothing is left`() async throws {
        try await serving(limits: Self.impatient) { listener in
            let client = try RawClient(port: listener.port)
            #expect(try await client.readToEnd() == "")
        }
    }

    @Test func `a head that comes byte by byte is cut off`() async throws {
        try await serving(limits: Self.impatient) { listener in
            let client = try RawClient(port: listener.port)
            client.send("GET / HTTP/1.1\r\n")
            let start = ContinuousClock.now
            try await eventually("the connection is closed") { !client.send("X: y\r\n") }
            #expect(ContinuousClock.now - start < .seconds(30))
        }
    }

    @Test func `a body that comes byte by byte is cut off`() async throws {
        try await serving(limits: Self.impatient) { listener in
            let client = try RawClient(port: listener.port)
            client.send("GET / HTTP/1.1\r\nHost: node\r\nContent-Length: 1000000\r\n\r\n")
            #expect(try await client.read(until: "path /").contains("200 OK"))
            // From the answer on, the next request is waited for.
            let start = ContinuousClock.now
            try await eventually("the connection is closed") { !client.send("x") }
            #expect(ContinuousClock.now - start < .seconds(30))
        }
    }

    @Test func `a client that does not read its answer is left`() async throws {
        let body = String(repeating: "x", count: 16 << 20)
        var limits = ConnectionLimits.patient
        limits.answerTime = .seconds(1)
        try await serving(limits: limits) { _ in
            .text(body)
        } _: { listener in
            let client = try RawClient(port: listener.port)
            client.send("GET / HTTP/1.1\r\nHost: node\r\n\r\n")
            _ = try await client.read(until: "HTTP/1.1")
            try await eventually("no connection is left") { listener.connectionCount == 0 }
        }
    }

    @Test func `a connection without requests in between is left`() async throws {
        try await serving(limits: Self.impatient) { listener in
            let client = try RawClient(port: listener.port)
            client.send("GET / HTTP/1.1\r\nHost: node\r\n\r\n")
            #expect(try await client.readToEnd().contains("200 OK"))
        }
    }

    @Test func `a connection has so many requests and no more`() async throws {
        var limits = ConnectionLimits.patient
        limits.requests = 3
        try await serving(limits: limits) { listener in
            let client = try RawClient(port: listener.port)
            client.send((1...5).map { "GET /\($0) HTTP/1.1\r\nHost: node\r\n\r\n" }.joined())
            let text = try await client.readToEnd()
            #expect(text.matches(of: /path \/(\d)/).map(\.output.1) == ["1", "2", "3"])
            #expect(text.lowercased().matches(of: /connection: close/).count == 1)
        }
    }

    @Test(arguments: [
        "GET /\(String(repeating: "a", count: 1 << 20)) HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nX: \(String(repeating: "a", count: 1 << 20))\r\n",
        "GET / HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 100_000),
    ])
    func `a head that is too large is refused or cut off`(head: String) async throws {
        try await serving { listener in
            let client = try RawClient(port: listener.port)
            client.send(head)
            let answer = try await client.readToEnd()
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test(arguments: [
        "X: \(String(repeating: "a", count: 20_000))\r\n",
        String(repeating: "X: y\r\n", count: 100),
    ])
    func `a head that is somewhat too large is refused`(fields: String) async throws {
        try await serving { listener in
            let client = try RawClient(port: listener.port)
            client.send("GET / HTTP/1.1\r\nHost: node\r\n\(fields)\r\n")
            let answer = try await client.readToEnd()
            // The connection may be reset before the answer has been read.
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test func `what is not HTTP is refused`() async throws {
        try await serving { listener in
            let client = try RawClient(port: listener.port)
            client.send("\u{16}\u{3}\u{1}\u{2}\r\n\r\n")
            let answer = try await client.readToEnd()
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test func `a house full of silent clients still answers one that asks`() async throws {
        var limits = ConnectionLimits.patient
        limits.connections = 8
        try await serving(limits: limits) { listener in
            let silent = try (0..<50).map { _ in try RawClient(port: listener.port) }
            // 8 have their place, whichever they are.
            try await eventually("those that waited longest are closed") { silent.count(where: \.isClosed) == 42 }
            for number in 1...20 {
                let client = try RawClient(port: listener.port)
                client.send("GET /\(number) HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
                #expect(try await client.readToEnd().contains("path /\(number)"))
            }
        }
    }

    @Test func `a connection that has its place is served although the house is full`() async throws {
        var limits = ConnectionLimits.patient
        limits.connections = 8
        try await serving(limits: limits) { listener in
            let clients = try (0..<8).map { _ in try RawClient(port: listener.port) }
            try await eventually("eight connections are open") { listener.connectionCount == 8 }
            for client in clients {
                client.send("GET /a HTTP/1.1\r\nHost: node\r\n\r\n")
                #expect(try await client.read(until: "path /a").contains("200 OK"))
            }
            #expect(listener.connectionCount == 8)
        }
    }
}
