// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import Testing

@testable import ProxyTelemetry

/// What a probe would see, second by second.
struct HealthStateTests {
    private typealias Instant = ContinuousClock.Instant

    /// Something that happens to a family.
    enum Event: Sendable {
        case change
        case start
        case success
        case failure
    }

    private static let zero = ContinuousClock.now

    private static func at(_ seconds: Int) -> Instant { zero.advanced(by: .seconds(seconds)) }

    private static func state(
        _ events: [(Int, Event)],
        families: [IPFamily] = [.v4]
    ) -> HealthState<Instant> {
        var state = HealthState<Instant>(families: families, timeout: .seconds(60))
        for (second, event) in events {
            switch event {
            case .change: state.noteChange(.v4, at: at(second))
            case .start: state.notePassStarted(.v4, at: at(second))
            case .success: state.notePassEnded(.v4, succeeded: true, at: at(second))
            case .failure: state.notePassEnded(.v4, succeeded: false, at: at(second))
            }
        }
        return state
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var events: [(Int, Event)]
        var second: Int
        var isHealthy: Bool
        var isLate: Bool
    }

    @Test(arguments: [
        Case(testDescription: "at the start", events: [], second: 0, isHealthy: false, isLate: false),
        Case(
            testDescription: "a day without an API server", events: [], second: 86_400, isHealthy: false, isLate: false),
        Case(
            testDescription: "during the first pass",
            events: [(0, .change), (1, .start)], second: 30, isHealthy: false, isLate: false),
        Case(
            testDescription: "a first pass that hangs",
            events: [(0, .change), (1, .start)], second: 60, isHealthy: false, isLate: true),
        Case(
            testDescription: "after the first pass",
            events: [(0, .change), (1, .start), (2, .success)], second: 2, isHealthy: true, isLate: false),
        Case(
            testDescription: "a first pass that failed",
            events: [(0, .change), (1, .start), (2, .failure)], second: 3, isHealthy: false, isLate: false),
        Case(
            testDescription: "a first pass that fails for long",
            events: [(0, .change), (1, .start), (2, .failure), (50, .start), (51, .failure)], second: 60,
            isHealthy: false, isLate: true),
        Case(
            testDescription: "an hour without a change",
            events: [(0, .change), (1, .start), (2, .success)], second: 3600, isHealthy: true, isLate: false),
        Case(
            testDescription: "a change that waits",
            events: [(0, .start), (1, .success), (100, .change)], second: 159, isHealthy: true, isLate: false),
        Case(
            testDescription: "a change that waits for too long",
            events: [(0, .start), (1, .success), (100, .change)], second: 160, isHealthy: false, isLate: true),
        Case(
            testDescription: "a change that waits counts from the first one",
            events: [(0, .start), (1, .success), (100, .change), (150, .change)], second: 160, isHealthy: false,
            isLate: true),
        Case(
            testDescription: "changes that come all the time and are applied",
            events: [
                (0, .start), (1, .success), (10, .change), (50, .start), (51, .change), (52, .success), (60, .change),
            ], second: 100, isHealthy: true, isLate: false),
        Case(
            testDescription: "a change during a pass waits for the next one",
            events: [(0, .start), (1, .success), (10, .change), (20, .start), (25, .change), (30, .success)],
            second: 85, isHealthy: false, isLate: true),
        Case(
            testDescription: "a pass that fails does not apply its changes",
            events: [(0, .start), (1, .success), (10, .change), (20, .start), (25, .failure)], second: 70,
            isHealthy: false, isLate: true),
        Case(
            testDescription: "a verification that fails is something to do",
            events: [(0, .start), (1, .success), (30, .start), (31, .failure), (80, .start), (81, .failure)],
            second: 90, isHealthy: false, isLate: true),
        Case(
            testDescription: "a verification that fails once",
            events: [(0, .start), (1, .success), (30, .start), (31, .failure), (80, .start), (81, .success)],
            second: 3600, isHealthy: true, isLate: false),
    ])
    func `a family at some time`(_ example: Case) throws {
        let family = try #require(Self.state(example.events).health(at: Self.at(example.second))[.v4])
        #expect(family.isHealthy == example.isHealthy)
        #expect(family.isLate == example.isLate)
    }

    @Test func `families have health of their own`() throws {
        var state = Self.state([(0, .start), (1, .success)], families: [.v4, .v6])
        state.noteChange(.v6, at: Self.at(0))
        state.notePassStarted(.v6, at: Self.at(0))
        state.notePassEnded(.v6, succeeded: false, at: Self.at(1))
        let health = state.health(at: Self.at(60))
        #expect(health[.v4]?.isHealthy == true)
        #expect(health[.v6]?.isHealthy == false)
    }
}
