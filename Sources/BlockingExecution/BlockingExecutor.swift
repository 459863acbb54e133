import Dispatch

/// Runs an actor's jobs one at a time on a queue of its own, whose thread may block: netlink does its work inside
/// `send(2)`, and the cooperative pool must not wait for it.
public final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    /// - Parameter label: the queue's name, as debuggers show it.
    public init(label: String) {
        queue = DispatchQueue(label: label)
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async {
            unsafe job.runSynchronously(on: self.asUnownedSerialExecutor())
        }
    }
}
