// SPDX-License-Identifier: GPL-2.0-or-later
import HTTPSurfaces
import Synchronization
import SystemTesting
import Testing

/// Many clients at once that want more than anybody needs. Whatever they do, a probe has its answer within a second, which is
/// the usual limit of the kubelet's and of load balancers' probes.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct FloodTests {
    private static let answer = String(repeating: "x", count: 100_000)
    private static let request = "GET /metrics HTTP/1.1\r\nHost: node\r\n\r\n"

    @Test func `HTTP ports under flood: while clients pipeline and do not read, probes are answered in time`()
        async throws
    {
        let count = Mutex(0)
        try await flooded(count) { port, isOver in
            while !isOver() {
                // Without a place any more it comes back at once.
                let client = try RawClient(port: port, waits: false)
                while !isOver(), client.offer(String(repeating: Self.request, count: 20)) {
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
        }
        // 70 clients would have tens of thousands.
        #expect(count.withLock { $0 } < 10_000)
    }

    @Test func `HTTP ports under flood: while clients read and ask again at once, probes are answered in time`()
        async throws
    {
        let count = Mutex(0)
        try await flooded(count) { port, isOver in
            while !isOver() {
                let client = try RawClient(port: port, waits: false)
                while !isOver(), try await client.sendSoon(Self.request) {
                    guard try await client.read(until: "xxx").contains("200 OK") else { break }
                }
            }
        }
        #expect(count.withLock { $0 } > 0)
    }

    @Test func `HTTP ports under flood: while a thousand connections are idle, probes are answered in time`()
        async throws
    {
        try await flooded(Mutex(0), clients: 1000) { port, isOver in
            // Not all in the same moment: what costs the server then is making them.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...1500)))
            let client = try RawClient(port: port, waits: false)
            while !isOver() { try await Task.sleep(for: .milliseconds(50)) }
            _ = client
        }
    }

    @Test func `HTTP ports under flood: while clients connect and go again, probes are answered in time`() async throws
    {
        try await flooded(Mutex(0), clients: 20) { port, isOver in
            while !isOver() {
                let client = try RawClient(port: port, waits: false)
                _ = try await client.sendSoon(Self.request)
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: node\r\nX: ", "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: node\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
    ])
    func `HTTP ports under flood: while requests have no end, probes are answered in time`(request: String) async throws
    {
        try await flooded(Mutex(0)) { port, isOver in
            while !isOver() {
                let client = try RawClient(port: port, waits: false)
                _ = try await client.sendSoon(request)
                while !isOver(), client.offer("5\r\nabcde\r\n") { try await Task.sleep(for: .milliseconds(1)) }
            }
        }
    }

    @Test func `a connection that asks faster than it may waits, and loses nothing`() async throws {
        var limits = ConnectionLimits.patient
        limits.requestsPerSecond = 5
        try await serving(limits: limits) { listener in
            let client = try RawClient(port: listener.port)
            let start = ContinuousClock.now
            client.send((1...10).map { "GET /\($0) HTTP/1.1\r\nHost: node\r\n\r\n" }.joined())
            let text = try await client.read(until: "path /10")
            #expect(text.matches(of: /path \/(\d+)/).map(\.output.1) == (1...10).map { "\($0)" })
            #expect(ContinuousClock.now - start > .milliseconds(800))
        }
    }

    @Test func `a full house of clients that do not read makes way for one that does`() async throws {
        var limits = ConnectionLimits.patient
        limits.connections = 8
        let body = String(repeating: "x", count: 16 << 20)
        try await serving(limits: limits) { question in
            .text(question.path == "/probe" ? "ok" : body)
        } _: { listener in
            let deaf = try (0..<8).map { _ in try RawClient(port: listener.port) }
            for client in deaf {
                client.send("GET / HTTP/1.1\r\nHost: node\r\n\r\n")
                _ = try await client.read(until: "HTTP/1.1")
            }
            for _ in 1...5 {
                let client = try RawClient(port: listener.port)
                client.send("GET /probe HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
                #expect(try await client.readToEnd().hasSuffix("ok"))
            }
        }
    }

    @Test func `a port that closes while clients come serves or closes each of them`() async throws {
        // A connection that was taken and dropped would end the process.
        for _ in 1...10 {
            try await serving(limits: ConnectionLimits()) { listener in
                let clients = try (0..<200).map { _ in try RawClient(port: listener.port, waits: false) }
                for client in clients { _ = client.offer(Self.request) }
            }
        }
    }

    /// Probes while clients do what `body` says, for three seconds.
    ///
    /// - Parameter count: how many requests were answered.
    private func flooded(
        _ count: borrowing Mutex<Int>,
        clients: Int = 70,
        _ body: @Sendable @escaping (_ port: UInt16, _ isOver: () -> Bool) async throws -> Void
    ) async throws {
        let answered = Counter()
        try await serving(limits: ConnectionLimits()) { question in
            answered.add()
            return .text(question.path == "/healthz" ? "ok" : Self.answer)
        } _: { listener in
            let end = ContinuousClock.now.advanced(by: .seconds(3))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<clients {
                    group.addTask { try await body(listener.port) { ContinuousClock.now >= end } }
                }
                var probes = 0
                while ContinuousClock.now < end {
                    let start = ContinuousClock.now
                    let client = try RawClient(port: listener.port, waits: false)
                    let isSent = try await client.sendSoon(
                        "GET /healthz HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
                    #expect(isSent, "probe \(probes)")
                    let answer = try await client.readToEnd()
                    #expect(answer.hasPrefix("HTTP/1.1 200 OK"), "probe \(probes)")
                    #expect(ContinuousClock.now - start < .seconds(1), "probe \(probes)")
                    probes += 1
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(probes > 3)
                try await group.waitForAll()
            }
        }
        count.withLock { $0 = answered.value }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }
}
