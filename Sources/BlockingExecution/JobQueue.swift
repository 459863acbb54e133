// SPDX-License-Identifier: GPL-2.0-or-later
import Dispatch
import Synchronization

/// The jobs of one executor that have not run yet, and the loop of the thread that runs them.
final class JobQueue: Sendable {
    private struct Entry {
        var job: UnownedJob
        /// Lives until its jobs have run: they name it as theirs.
        var executor: BlockingExecutor
    }

    private struct State {
        var entries: [Entry] = []
        var isClosed = false
        /// Whether the thread waits for the semaphore, and nobody has signalled it yet.
        var isWaiting = false
    }

    private let state = Mutex(State())
    private let wakeup = DispatchSemaphore(value: 0)

    func append(_ job: UnownedJob, of executor: BlockingExecutor) {
        change { $0.entries.append(Entry(job: job, executor: executor)) }
    }

    /// Ends the loop. To be called when there are no jobs and will be none: from the end of the executor.
    func close() {
        change { $0.isClosed = true }
    }

    func runUntilClosed() {
        while let entries = next() {
            for entry in entries {
                unsafe entry.job.runSynchronously(on: entry.executor.asUnownedSerialExecutor())
            }
        }
    }

    /// Waits for jobs.
    private func next() -> [Entry]? {
        while true {
            let (entries, isClosed) = state.withLock { state in
                defer { state.entries = [] }
                state.isWaiting = state.entries.isEmpty && !state.isClosed
                return (state.entries, state.isClosed)
            }
            if !entries.isEmpty { return entries }
            if isClosed { return nil }
            wakeup.wait()
        }
    }

    private func change(_ body: (inout sending State) -> Void) {
        let wakes = state.withLock { state in
            body(&state)
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        if wakes { wakeup.signal() }
    }
}
