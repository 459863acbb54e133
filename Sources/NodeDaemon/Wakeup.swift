// SPDX-License-Identifier: GPL-2.0-or-later
import Synchronization

/// A signal for one waiting task. Signals that come while nobody waits are remembered as one.
final class Wakeup: Sendable {
    private enum State {
        case idle
        case signalled
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.idle)

    func signal() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if case .waiting(let continuation) = state {
                state = .idle
                return continuation
            }
            state = .signalled
            return nil
        }
        waiter?.resume()
    }

    /// Waits for a signal, or for `clock` to reach `deadline`, or for the task to be cancelled.
    func wait<WaitClock: Clock>(until deadline: WaitClock.Instant, clock: WaitClock) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                // Cancelled when the signal came first; either way the wait is over.
                try? await clock.sleep(until: deadline, tolerance: nil)
                self.signalIfWaiting()
            }
            await self.wait()
            group.cancelAll()
        }
    }

    /// Waits for a signal, or for the task to be cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if case .signalled = state {
                        state = .idle
                        return true
                    }
                    if Task.isCancelled { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isOver {
                    continuation.resume()
                }
            }
        } onCancel: {
            signalIfWaiting()
        }
    }

    /// Ends a wait without leaving a signal behind for the next one.
    private func signalIfWaiting() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard case .waiting(let continuation) = state else { return nil }
            state = .idle
            return continuation
        }
        waiter?.resume()
    }
}
