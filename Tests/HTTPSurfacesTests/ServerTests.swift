// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import HTTPSurfaces
import Logging
import ServiceLifecycle
import Synchronization
import SystemTesting
import Testing

/// Servers as parts of the daemon.
struct ServerTests {
    private final class Ports: Sendable {
        private let ports = Mutex<[UInt16]>([])

        var all: [UInt16] { ports.withLock { $0 } }

        func append(_ port: UInt16) {
            ports.withLock { $0.append(port) }
        }

        func first() async throws -> UInt16 {
            try await eventually("the port is open") { !self.all.isEmpty }
            return try #require(all.first)
        }
    }

    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private static func answers(_ port: UInt16) async throws -> Bool {
        guard let client = try? RawClient(port: port) else { return false }
        client.send("GET / HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
        return try await client.readToEnd().contains("200 OK")
    }

    @Test func `a shutdown waits for no client`() async throws {
        let ports = Ports()
        // More than the sockets' buffers hold.
        let body = String(repeating: "x", count: 16 << 20)
        let server = HTTPServer(
            "test", on: .loopback, limits: .patient, logger: Self.logger, onOpen: { ports.append($0) }
        ) { _ in .text(body) }
        let group = ServiceGroup(services: [server], logger: Self.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = try await ports.first()
            let silent = try RawClient(port: port)
            let half = try RawClient(port: port)
            half.send("GET / HTTP/1.1\r\n")
            let deaf = try RawClient(port: port)
            deaf.send("GET / HTTP/1.1\r\nHost: node\r\n\r\n")
            try await Task.sleep(for: .milliseconds(100))

            let took = try await ContinuousClock().measure {
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            // A quarter of a second on an idle machine; the clients would have ten minutes.
            #expect(took < .seconds(20))
            #expect(try await silent.readToEnd() == "")
            #expect(throws: RawClient.Failure.self) { try RawClient(port: port) }
        }
    }

    @Test func `an address that is taken is tried again until it is free`() async throws {
        let taken = try await HTTPListener.open(on: .loopback) { _ in .notFound }
        let ports = Ports()
        let server = HTTPServer(
            "test",
            on: .loopback(port: taken.port),
            limits: .patient,
            bindFailure: .isRetried(every: .milliseconds(20)),
            logger: Self.logger,
            onOpen: { ports.append($0) }
        ) { _ in .text("free") }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await taken.serve() }
            tasks.addTask { try await server.run() }
            try await Task.sleep(for: .milliseconds(100))
            #expect(ports.all.isEmpty)
            await taken.close()
            #expect(try await ports.first() == taken.port)
            #expect(try await Self.answers(taken.port))
            tasks.cancelAll()
        }
    }

    @Test func `an address that is taken ends the daemon if that is wanted`() async throws {
        try await serving { listener in
            let told = Mutex<ListenError?>(nil)
            let server = HTTPServer(
                "test", on: .loopback(port: listener.port), bindFailure: .fails, logger: Self.logger,
                onFailure: { error in told.withLock { $0 = error } }
            ) { _ in .notFound }
            let error = await #expect(throws: ListenError.self) { try await server.run() }
            #expect(told.withLock { $0 } == error)
            #expect(error?.description == "cannot listen on 127.0.0.1:\(listener.port): Address already in use")
        }
    }

    @Test func `an unspecified address can stand for both families`() async throws {
        let address = ListenAddress(address: IPAddress(v4: 0), port: 0, scope: .everyFamily)
        let listener = try await HTTPListener.open(on: address, limits: .patient) { _ in .text("yes") }
        async let serving: Void = listener.serve()
        #expect(try await Self.answers(listener.port))
        await listener.close()
        await serving
    }

    @Test func `an unspecified address of IPv6 leaves IPv4 to another server`() async throws {
        let six = try await HTTPListener.open(
            on: ListenAddress(address: IPAddress(high: 0, low: 0), port: 0)
        ) { _ in .text("six") }
        let four = try await HTTPListener.open(
            on: ListenAddress(address: IPAddress(v4: 0), port: six.port)
        ) { _ in .text("four") }
        #expect(four.port == six.port)
        async let servingSix: Void = six.serve()
        async let servingFour: Void = four.serve()
        await six.close()
        await four.close()
        _ = await (servingSix, servingFour)
    }
}
