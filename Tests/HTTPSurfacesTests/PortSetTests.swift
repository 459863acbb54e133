// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import HTTPSurfaces
import Logging
import Synchronization
import SystemTesting
import Testing

struct PortSetTests {
    private final class Failures: Sendable {
        private let failures = Mutex<[(String, ListenError)]>([])

        var keys: [String] { failures.withLock { $0.map(\.0) } }

        func append(_ key: String, _ error: ListenError) {
            failures.withLock { $0.append((key, error)) }
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
        let (first, second) = (try freePort(), try freePort())
        try await running(PortSet(limits: .patient) { .text("I am \($0)") }) { ports in
            ports.replace(["a": [.loopback(port: first)]])
            try await eventually("the first port answers for a") { try await Self.ask(first) == "I am a" }

            ports.replace(["a": [.loopback(port: second)]])
            try await eventually("the second port answers for a") { try await Self.ask(second) == "I am a" }
            #expect(try await Self.ask(first) == nil)

            ports.replace([:])
            try await eventually("the second port is closed") { try await Self.ask(second) == nil }
            try await eventually("no port is open") { ports.open.isEmpty }
        }
    }

    @Test func `a port goes over from one key to another at once`() async throws {
        let port = try freePort()
        let failures = Failures()
        try await running(
            PortSet(limits: .patient, onFailure: { failures.append($0, $1) }, responder: { .text("I am \($0)") })
        ) { ports in
            for key in ["b", "a", "c", "a"] {
                ports.replace([key: [.loopback(port: port)]])
                try await eventually("the port answers for \(key)") { try await Self.ask(port) == "I am \(key)" }
            }
        }
        #expect(failures.keys.isEmpty)
    }

    @Test func `a port that stays keeps its connections`() async throws {
        let (first, second) = (try freePort(), try freePort())
        try await running(PortSet(limits: .patient) { .text("I am \($0)") }) { ports in
            ports.replace(["a": [.loopback(port: first)]])
            try await eventually("the first port answers for a") { try await Self.ask(first) == "I am a" }
            let client = try RawClient(port: first)
            ports.replace(["a": [.loopback(port: first)], "b": [.loopback(port: second)]])
            try await eventually("the second port answers for b") { try await Self.ask(second) == "I am b" }
            client.send("GET / HTTP/1.1\r\nHost: node\r\n\r\n")
            #expect(try await client.read(until: "I am a").contains("200 OK"))
        }
    }

    @Test func `a port that is taken is told once, spares the others, and opens when it is free`() async throws {
        let other = try freePort()
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
                    try await eventually("the other port answers for b") { try await Self.ask(other) == "I am b" }
                }
                #expect(failures.keys == ["a"])
                #expect(ports.open == ["b": [.loopback(port: other)]])
                await taken.close()
                try await eventually("the freed port answers for a") {
                    ports.retry()
                    return try await Self.ask(taken.port) == "I am a"
                }
                #expect(failures.keys == ["a"])
            }
        }
    }
}
