// SPDX-License-Identifier: GPL-2.0-or-later
import InMemoryLogging
import KubernetesTesting
import KubernetesWatch
import Logging
import Testing

@testable import NodeDaemon

struct ReflectorLogTests {
    private let handler = InMemoryLogHandler()
    private let clock = FakeClock()
    private let log: ReflectorLog

    init() {
        let handler = handler
        log = ReflectorLog(.services, logger: Logger(label: "test") { _ in handler }, clock: clock)
    }

    private var lines: [String] { handler.entries.map { "\($0.level): \($0.message)" } }

    private func expired(_ version: Int) -> APIError {
        .status(APIStatus(code: 410, reason: "Expired", message: "too old resource version: \(version)"))
    }

    private func fail(_ error: APIError, isListing: Bool = false, delay: Duration = .seconds(1)) {
        log.note(.failed(error, isListing: isListing, delay: delay))
    }

    private func watch() {
        log.note(.watching(after: ResourceVersion(rawValue: "1")))
    }

    @Test func `a fault that comes and goes for an hour is told of twice`() {
        for round in 0..<160 {
            clock.advance(by: .seconds(22))
            watch()
            fail(expired(round))
        }
        #expect(
            lines == [
                "warning: a watch of the API server broke off", "info: the API server is watched again",
                "warning: a watch of the API server broke off again; told of no more until it has stayed away for "
                    + "300.0 seconds",
            ]
        )
    }

    @Test func `a fault that stays is told of once, and so is its end`() {
        for round in 0..<100 { fail(expired(round), isListing: true) }
        watch()
        #expect(lines == ["warning: the API server cannot be listed", "info: the API server is watched again"])
    }

    @Test func `a fault that has stayed away is told of anew`() {
        for round in 0..<10 {
            fail(expired(round))
            watch()
        }
        clock.advance(by: .seconds(301))
        fail(expired(11))
        watch()
        #expect(
            Array(lines.suffix(2)) == [
                "warning: a watch of the API server broke off", "info: the API server is watched again",
            ]
        )
    }

    @Test func `two faults that take turns are told of twice each`() {
        for round in 0..<50 {
            fail(expired(round))
            fail(.transport(TransportFailure(.connectionLost, "reset")))
        }
        #expect(lines.count == 4)
    }

    @Test func `what a server has asked for beyond what it gets is told`() {
        let status = APIStatus(code: 429, reason: "TooManyRequests", retryAfter: .seconds(3600))
        fail(.status(status), delay: .seconds(60))
        #expect(handler.entries.first?.metadata["retry-in"] == "60.0 seconds")
        #expect(handler.entries.first?.metadata["asked-for"] == "3600.0 seconds")
    }
}
