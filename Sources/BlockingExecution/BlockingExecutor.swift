// SPDX-License-Identifier: GPL-2.0-or-later
/// Runs an actor's jobs one after the other on a thread of its own, which may block: netlink does its work inside `send(2)`,
/// and the cooperative pool must not wait for it.
///
/// A thread and not a dispatch queue: a queue borrows its thread from a pool, which has to find or make one for each job, and
/// drops those that had nothing to do for five seconds. On a quiet node that would be before nearly every event.
public final class BlockingExecutor: SerialExecutor {
    private let jobs = JobQueue()

    /// - Parameter label: the thread's name, of which 15 bytes are shown.
    public init(label: String) {
        DetachedThread.start(label: label) { [jobs] in jobs.runUntilClosed() }
    }

    deinit {
        jobs.close()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        jobs.append(UnownedJob(job), of: self)
    }
}
