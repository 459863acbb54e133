// SPDX-License-Identifier: GPL-2.0-or-later
import CSetsProtocol
import ChildPrograms
import DataplaneModel
import Glibc
import Netlink

/// `kube-ipvs-sets` at work: requests and answers, as docs/sets-protocol.md has them. It ends when this is gone.
final class IPSetSession {
    /// From the end of the socket to that of the process.
    private static let endLimit = Duration.seconds(1)

    private let path: String
    private let timeLimit: Duration
    private let program: AttendedProgram

    /// - Throws: what is wrong with the program. That the kernel has no ip_set, or not yet, is told to each command.
    init(_ path: String, timeLimit: Duration) throws(IPSetFailure) {
        self.path = path
        self.timeLimit = timeLimit
        do throws(AttendedProgram.Failure) {
            program = try AttendedProgram(path, timeLimit: timeLimit)
        } catch .refused(let number) {
            throw .program(path, "cannot be started: \(Errno(rawValue: number))")
        } catch {
            throw .program(path, "cannot be started")
        }
        do throws(IPSetFailure) {
            _ = try exchange(sets_request(SETS_GREET))
        } catch {
            if error.isOfProgram { throw error }
        }
    }

    var processIdentifier: Int32? { program.processIdentifier }

    /// Whether the program has closed its end of the socket.
    var isClosed: Bool { program.isClosed }

    /// What has become of a program that has closed the socket.
    var endInWords: String { program.end(within: Self.endLimit)?.inWords ?? "has closed its socket" }

    func kill() { program.kill() }

    // MARK: Commands

    func create(_ set: IPSetDefinition) throws(IPSetFailure) {
        var request = try sets_request(SETS_CREATE, set)
        request.maximum_elements = set.maximumElements
        _ = try exchange(request)
    }

    func destroy(_ name: String) throws(IPSetFailure) {
        var request = sets_request(SETS_DESTROY)
        try request.setName(name)
        _ = try exchange(request)
    }

    func swap(_ first: String, _ second: String) throws(IPSetFailure) {
        var request = sets_request(SETS_SWAP)
        try request.setName(first)
        try request.setOther(second)
        _ = try exchange(request)
    }

    /// Where a row of entries came to an end.
    enum Progress {
        case complete
        /// Entries before `index` took effect, that at `index` was refused, those after it were not tried.
        case refused(index: Int, IPSetFailure)
    }

    /// Adds entries to a set, or removes them, many to a message.
    ///
    /// - Throws: a failure that is not that of one entry.
    func change(
        _ command: sets_command,
        _ set: IPSetDefinition,
        _ entries: ArraySlice<sets_entry>
    ) throws(IPSetFailure) -> Progress {
        var request = try sets_request(command, set)
        var rest = entries
        while !rest.isEmpty {
            let part = rest.prefix(SETS_ENTRY_LIMIT)
            request.count = UInt32(part.count)
            if let (index, failure) = try exchange(request, part) {
                guard index < part.count else { throw .program(path, "has refused an entry that was not sent") }
                return .refused(index: part.startIndex + index, failure)
            }
            rest = rest[part.endIndex...]
        }
        return .complete
    }

    // MARK: The exchange

    /// Sends a request and receives its answer.
    ///
    /// - Returns: the entry that was refused, if the answer is about one.
    private func exchange(
        _ request: sets_request,
        _ entries: ArraySlice<sets_entry> = []
    ) throws(IPSetFailure) -> (index: Int, IPSetFailure)? {
        var answer = sets_answer()
        do throws(AttendedProgram.Failure) {
            // Neither struct has padding.
            let head = CollectionOfOne(request)
            try unsafe program.send(head.span.bytes, entries.span.bytes)
            try receive(&answer)
        } catch {
            throw .program(path, words(for: error))
        }
        if let fault = unsafe sets_answer_fault(&answer) {
            throw .program(path, "has sent \(unsafe String(cString: fault))")
        }
        return try takeOutcome(of: answer)
    }

    private func takeOutcome(of answer: sets_answer) throws(IPSetFailure) -> (index: Int, IPSetFailure)? {
        switch sets_outcome(UInt32(answer.outcome)) {
        case SETS_DONE: return nil
        case SETS_REFUSED_ENTRY:
            return (Int(answer.index), IPSetFailure(number: answer.number, words: answer.text))
        case SETS_UNAVAILABLE: throw .unavailable(answer.number, answer.text)
        case SETS_MISUNDERSTOOD: throw .program(path, "has received \(answer.text)")
        default: throw IPSetFailure(number: answer.number, words: answer.text)
        }
    }

    private func words(for failure: AttendedProgram.Failure) -> String {
        switch failure {
        case .closed: endInWords
        case .tookTooLong: "did not go on within \(timeLimit)"
        case .refused(let number): "cannot be talked with: \(Errno(rawValue: number))"
        }
    }

    private func receive(_ answer: inout sets_answer) throws(AttendedProgram.Failure) {
        var received = CollectionOfOne(answer)
        var span = received.mutableSpan
        var bytes = unsafe span.mutableBytes
        try program.receive(into: &bytes)
        answer = received[0]
    }
}
