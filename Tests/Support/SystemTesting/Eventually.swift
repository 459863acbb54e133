// SPDX-License-Identifier: GPL-2.0-or-later
/// What was waited for did not come about.
public struct NotInTime: Error, CustomStringConvertible {
    public var what: String
    public var limit: Duration

    public var description: String { "not within \(limit): \(what)" }
}

/// Waits until `condition` holds, asking again and again.
///
/// - Parameters:
///   - what: what is waited for, for the message of the failure.
///   - limit: generous, for an emulated machine: it costs time only when the test fails.
/// - Throws: `NotInTime` when the limit has passed.
public func eventually(
    _ what: String,
    within limit: Duration = .seconds(60),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NotInTime(what: what, limit: limit) }
        try await Task.sleep(for: .milliseconds(20))
    }
}
