import HTTPSurfaces
import Testing

extension ConnectionLimits {
    /// For tests that are not about time: other tests may keep the processor from an answer for long.
    static var patient: ConnectionLimits {
        var limits = ConnectionLimits()
        limits.headTime = .seconds(600)
        limits.answerTime = .seconds(600)
        return limits
    }
}

/// Runs `body` while a listener on a free port of 127.0.0.1 serves.
func serving(
    limits: ConnectionLimits = .patient,
    _ responder: @escaping HTTPListener.Responder = { .text("path \($0.path)") },
    _ body: @Sendable @escaping (HTTPListener) async throws -> Void
) async throws {
    let listener = try await HTTPListener.open(on: .loopback, limits: limits, responder: responder)
    try await withThrowingDiscardingTaskGroup { group in
        group.addTask { await listener.serve() }
        defer { group.cancelAll() }
        try await body(listener)
    }
}

/// Waits for a condition, a minute at most: other tests want the processor too.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now.advanced(by: .seconds(60))
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return false
}

/// Waits for a condition, a minute at most: other tests want the processor too; an issue when it has not come by then.
func expectEventually(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let isSo = try await eventually(condition)
    #expect(isSo, sourceLocation: sourceLocation)
}
