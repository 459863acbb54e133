// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Synchronization

/// The service manager that has started the daemon, if one wants to be told: sd_notify(3).
///
/// It is told READY when the first pass is complete, STOPPING when the daemon is asked to end, and WATCHDOG by the loop that makes
/// passes. That is no timer: it would go on where the loop hangs.
final class ServiceManager: Sendable {
    /// How long the loop may be silent; `nil` where nobody listens for it.
    let watchdogLimit: Duration?
    private let socket: NotifySocket?
    private let isReady = Mutex(false)

    /// - Parameters:
    ///   - environment: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of it count.
    ///   - process: what the watchdog is for, if the environment names one.
    init(_ environment: (String) -> String?, process: Int32 = getpid()) {
        socket = environment("NOTIFY_SOCKET").flatMap(NotifySocket.init)
        let isForThis = environment("WATCHDOG_PID").map { Int32($0) == process } ?? true
        let microseconds = environment("WATCHDOG_USEC").flatMap { UInt32($0) } ?? 0
        watchdogLimit = socket != nil && isForThis && microseconds > 0 ? .microseconds(Int64(microseconds)) : nil
    }

    /// That of this process's environment.
    convenience init() {
        self.init { name in unsafe getenv(name).map { unsafe String(cString: $0) } }
    }

    /// The kernel first holds all that is wanted. Told once.
    func noteReady() {
        let isFirst = isReady.withLock { isReady in
            defer { isReady = true }
            return !isReady
        }
        if isFirst { socket?.send("READY=1\nSTATUS=in sync") }
    }

    func noteStopping() { socket?.send("STOPPING=1\nSTATUS=ending; what was programmed stays") }

    func noteAlive() { socket?.send("WATCHDOG=1") }
}
