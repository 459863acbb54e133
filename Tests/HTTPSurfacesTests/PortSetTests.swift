import Addressing
import HTTPSurfaces
import Logging
import Synchronization
import Testing

struct PortSetTests {
    private final class Failures: Sendable {
        private let failures = Mutex<[(String, ListenError)]>([])

        var keys: [String] { failures.withLock { $0.map(\.0) } }

        func append(_ key: String, _ error: ListenError) {
            failures.withLock { $0.append((key, error)) }
        }
    }

    /// A port that was free a moment ago. Not one that clients get for their own end: those come and go.
    private static func freePort() async throws -> UInt16 {
        while true {
            let address = ListenAddress(address: IPAddress(v4: 0), port: .random(in: 12_000..<32_000))
            guard let listener = try? await HTTPListener.open(on: address, responder: { _ in .notFound }) else {
                continue
            }
            async let serving: Void = listener.serve()
            await listener.close()
            await serving
            return listener.port
        }
    }

    private static func ask(_ port: UInt16) async throws -> String? {
        guard let client = try? RawClient(port: port) else { return nil }
        client.send("GET /any/path HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
        return try await client.readToEnd().split(separator: "\r\n\r\n").last.map(String.init)
    }

    private func running(
        _ ports: PortSet<String>,
        _ body: @Sendable @escaping (PortSet<String>) async throws -> Void
    ) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await ports.run() }
            defer { group.cancelAll() }
            try await body(ports)
        }
    }

    @Test func `ports open, move and close`() async throws {
        let (first, second) = (try await Self.freePort(), try await Self.freePort())
        try await running(PortSet(limits: .patient) { .text("I am \($0)") }) { ports in
            ports.replace(["a": [.loopback(port: first)]])
            try await expectEventually { try await Self.ask(first) == "I am a" }

            ports.replace(["a": [.loopback(port: second)]])
            try await expectEventually { try await Self.ask(second) == "I am a" }
            #expect(try await Self.ask(first) == nil)

            ports.replace([:])
            try await expectEventually { try await Self.ask(second) == nil }
            try await expectEventually { ports.open.isEmpty }
        }
    }

    @Test func `a port goes over from one key to another at once`() async throws {
        let port = try await Self.freePort()
        let failures = Failures()
        try await running(
            PortSet(limits: .patient, onFailure: { failures.append($0, $1) }, responder: { .text("I am \($0)") })
        ) { ports in
            for key in ["b", "a", "c", "a"] {
                ports.replace([key: [.loopback(port: port)]])
                try await expectEventually { try await Self.ask(port) == "I am \(key)" }
            }
        }
        #expect(failures.keys.isEmpty)
    }

    @Test func `a port that stays keeps its connections`() async throws {
        let (first, second) = (try await Self.freePort(), try await Self.freePort())
        try await running(PortSet(limits: .patient) { .text("I am \($0)") }) { ports in
            ports.replace(["a": [.loopback(port: first)]])
            try await expectEventually { try await Self.ask(first) == "I am a" }
            let client = try RawClient(port: first)
            ports.replace(["a": [.loopback(port: first)], "b": [.loopback(port: second)]])
            try await expectEventually { try await Self.ask(second) == "I am b" }
            client.send("GET / HTTP/1.1\r\nHost: node\r\n\r\n")
            #expect(try await client.read(until: "I am a").contains("200 OK"))
        }
    }

    @Test func `a port that is taken is told once, spares the others, and opens when it is free`() async throws {
        let other = try await Self.freePort()
        let taken = try await HTTPListener.open(on: .loopback) { _ in .notFound }
        let failures = Failures()
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await taken.serve() }
            try await running(
                PortSet(limits: .patient, onFailure: { failures.append($0, $1) }, responder: { .text("I am \($0)") })
            ) { ports in
                let wanted: [String: Set<ListenAddress>] = [
                    "a": [.loopback(port: taken.port)], "b": [.loopback(port: other)],
                ]
                ports.replace(wanted)
                for _ in 0..<5 {
                    ports.retry()
                    try await expectEventually { try await Self.ask(other) == "I am b" }
                }
                #expect(failures.keys == ["a"])
                #expect(ports.open == ["b": [.loopback(port: other)]])
                await taken.close()
                try await expectEventually {
                    ports.retry()
                    return try await Self.ask(taken.port) == "I am a"
                }
                #expect(failures.keys == ["a"])
            }
        }
    }
}
