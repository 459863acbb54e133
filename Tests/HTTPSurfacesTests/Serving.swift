// SPDX-License-Identifier: GPL-2.0-or-later
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
    writablePaths: Set<String> = [],
    _ responder: @escaping HTTPListener.Responder = { .text("path \($0.path)") },
    _ body: @Sendable @escaping (HTTPListener) async throws -> Void
) async throws {
    let listener = try await HTTPListener.open(
        on: .loopback, limits: limits, writablePaths: writablePaths, responder: responder)
    try await withThrowingDiscardingTaskGroup { group in
        group.addTask { await listener.serve() }
        defer { group.cancelAll() }
        try await body(listener)
    }
}
