// SPDX-License-Identifier: GPL-2.0-or-later
import ChildPrograms
import Glibc
import Netlink

/// The program `kube-ipvs-sets`: started by the first command, and anew after it ended.
final class SetsProgram {
    private let path: String
    private let timeLimit: Duration
    private var session: IPSetSession?
    private var backOff = RestartBackOff()
    /// Why it does not run.
    private var lastFailure: IPSetFailure?
    private let clock = ContinuousClock()

    init(_ path: String, timeLimit: Duration) {
        self.path = path
        self.timeLimit = timeLimit
    }

    /// The process identifier, while it runs.
    var processIdentifier: Int32? { session?.processIdentifier }

    /// Gives a command to the program.
    func perform<Result>(
        _ body: (IPSetSession) throws(IPSetFailure) -> Result
    ) throws(IPSetFailure) -> Result {
        let session = try runningSession()
        do throws(IPSetFailure) {
            return try body(session)
        } catch {
            if error.isOfProgram { noteEnd(of: session, error) }
            throw error
        }
    }

    /// Finds out whether the program has ended since the last command.
    func checkRunning() throws(IPSetFailure) {
        guard let session, session.isClosed else { return }
        let failure = IPSetFailure.program(path, session.endInWords)
        noteEnd(of: session, failure)
        throw failure
    }

    private func runningSession() throws(IPSetFailure) -> IPSetSession {
        try checkRunning()
        if let session { return session }
        if let lastFailure, !backOff.allowsStart(at: clock.now) { throw lastFailure }
        backOff.noteStart(at: clock.now)
        do throws(IPSetFailure) {
            let session = try IPSetSession(path, timeLimit: timeLimit)
            self.session = session
            lastFailure = nil
            return session
        } catch {
            lastFailure = error
            backOff.noteEnd(at: clock.now)
            throw error
        }
    }

    private func noteEnd(of session: IPSetSession, _ failure: IPSetFailure) {
        session.kill()
        self.session = nil
        lastFailure = failure
        backOff.noteEnd(at: clock.now)
    }
}

extension SetsProgram {
    /// Where the environment says, or beside the program that runs.
    static var defaultPath: String {
        if let path = unsafe getenv("KUBE_IPVS_SETS_PROGRAM") { return unsafe String(cString: path) }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        // Without /proc, the folder that it is started in.
        return (own.lastIndex(of: "/").map { own[...$0] } ?? "./") + "kube-ipvs-sets"
    }
}
