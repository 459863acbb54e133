// SPDX-License-Identifier: GPL-2.0-or-later
import NIOCore
import Synchronization

/// Notices that a wait has lasted too long. One timer serves all waits of an exchange, one after the other: while it runs,
/// a new wait only moves the time at which it may go off.
final class IdleTimer: Sendable {
    private struct Timing {
        var state: IdleState
        var scheduled: Scheduled<Void>?
    }

    private let eventLoop: any EventLoop
    private let expired: @Sendable () -> Void
    private let timing: Mutex<Timing>

    /// - Parameter expired: Called on the event loop, once for a wait that is too long.
    init(_ limit: TimeAmount, on eventLoop: any EventLoop, expired: @escaping @Sendable () -> Void) {
        timing = Mutex(Timing(state: IdleState(limit: limit)))
        self.eventLoop = eventLoop
        self.expired = expired
    }

    deinit {
        timing.withLock { $0.scheduled }?.cancel()
    }

    func beginWait() {
        if let time = timing.withLock({ $0.state.beginWait(at: .now()) }) { schedule(at: time) }
    }

    func endWait() {
        timing.withLock { $0.state.endWait() }
    }

    private func schedule(at time: NIODeadline) {
        let scheduled = eventLoop.scheduleTask(deadline: time) { [weak self] () -> Void in self?.goOff() }
        timing.withLock { $0.scheduled = scheduled }
    }

    private func goOff() {
        switch timing.withLock({ $0.state.goOff(at: .now()) }) {
        case .rest: break
        case .again(let time): schedule(at: time)
        case .expired: expired()
        }
    }
}

/// The part of `IdleTimer` that has no clock in it.
struct IdleState: Hashable {
    enum Outcome: Hashable {
        /// Nobody waits: the timer need not run.
        case rest
        /// A wait that began later is not too long before this time.
        case again(NIODeadline)
        case expired
    }

    let limit: TimeAmount
    /// When the wait under way is too long; `nil` while nobody waits.
    private var deadline: NIODeadline?
    private var isTimerRunning = false

    init(limit: TimeAmount) {
        self.limit = limit
    }

    /// - Returns: When a timer has to go off, or `nil` when one runs already.
    mutating func beginWait(at now: NIODeadline) -> NIODeadline? {
        let time = now + limit
        deadline = time
        guard !isTimerRunning else { return nil }
        isTimerRunning = true
        return time
    }

    mutating func endWait() {
        deadline = nil
    }

    mutating func goOff(at now: NIODeadline) -> Outcome {
        if let deadline, deadline > now { return .again(deadline) }
        isTimerRunning = false
        guard deadline != nil else { return .rest }
        deadline = nil
        return .expired
    }
}
