// SPDX-License-Identifier: GPL-2.0-or-later
import BlockingExecution
import Dispatch
import Glibc
import Synchronization

/// A thread that starts a program and waits for its end.
///
/// prctl(2)'s `PR_SET_PDEATHSIG` is about the end of the thread that has started a process, not of its process. So that is a thread
/// that lives as long as the program, and no other one.
final class Attendance: Sendable {
    private enum State {
        case starting
        case notStarted(error: Int32)
        case running(pid_t)
        case ended(AttendedProgram.End)
    }

    private let state = Mutex(State.starting)
    private let started = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// - Returns: the kernel's number where it could not be started; 0 where it could.
    func start(_ path: String, standardInput: Int32) -> Int32 {
        DetachedThread.start(label: "attends-child") { [self] in
            let (process, error) = Self.spawn(path, standardInput)
            state.withLock { $0 = error == 0 ? .running(process) : .notStarted(error: error) }
            started.signal()
            if error == 0 { awaitEnd(of: process) }
        }
        started.wait()
        return state.withLock { if case .notStarted(let error) = $0 { error } else { 0 } }
    }

    var processIdentifier: pid_t? {
        state.withLock { if case .running(let process) = $0 { process } else { nil } }
    }

    func end(within limit: Duration) -> AttendedProgram.End? {
        let (seconds, attoseconds) = limit.components
        let nanoseconds = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        // The next wait finds the signal too.
        if ended.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success { ended.signal() }
        return state.withLock { if case .ended(let end) = $0 { end } else { nil } }
    }

    /// The number is the program's for as long as nobody has taken note of its end, which happens under the same lock.
    func kill() {
        state.withLock {
            guard case .running(let process) = $0 else { return }
            _ = Glibc.kill(process, SIGKILL)
        }
    }

    private func awaitEnd(of process: pid_t) {
        var info = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(process), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        state.withLock { state in
            var status: Int32 = 0
            unsafe waitpid(process, &status, 0)
            // wait(2): the low seven bits are a signal's number, or 0 where the second byte is a status.
            let signal = status & 0x7f
            state = .ended(signal == 0 ? .exited(status >> 8 & 0xff) : .signaled(signal))
        }
        ended.signal()
    }

    private static func spawn(_ path: String, _ standardInput: Int32) -> (process: pid_t, error: Int32) {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, standardInput, STDIN_FILENO)
        // A terminal's signals are for this process, which ends the program when it ends.
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        return unsafe path.withCString { path in
            var process: pid_t = 0
            var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [UnsafeMutablePointer(mutating: path), nil]
            var environment: [UnsafeMutablePointer<CChar>?] = unsafe [nil]
            let error = unsafe posix_spawn(&process, path, &actions, &attributes, &arguments, &environment)
            return (process, error)
        }
    }
}
