// SPDX-License-Identifier: GPL-2.0-or-later
import CLinuxUAPI
import CSetsProtocol
public import DataplaneModel
import Glibc
public import Reconcile

/// The sets of the network namespace that the first call of this is made in.
///
/// It writes through the program `kube-ipvs-sets`, which has libipset. The first call that writes starts it, and a later one starts it
/// anew after it ended, with a back-off: what is called until then fails. It reads by netlink itself, a part at a time.
public final class KernelIPSet: IPSetDataplane {
    private let program: SetsProgram
    private var reader: IPSetReader?
    private var underWay = ReadingUnderWay()

    /// - Parameters:
    ///   - program: the path of `kube-ipvs-sets`; `nil` for the one that `KUBE_IPVS_SETS_PROGRAM` names in the environment, or else
    ///     the one beside the program that runs.
    ///   - timeLimit: for each step of what is said to the program and what it answers.
    public init(program: String? = nil, timeLimit: Duration = .seconds(5)) {
        self.program = SetsProgram(program ?? SetsProgram.defaultPath, timeLimit: timeLimit)
    }

    /// The process identifier of `kube-ipvs-sets`, while it runs.
    package var programIdentifier: Int32? { program.processIdentifier }

    /// Reads only the header: as `ipset list -terse NAME`.
    public func definition(ofSetNamed name: String) throws(DataplaneError) -> IPSetDefinition? {
        // Not with the reader that may be in the middle of another set.
        let reader = try IPSetReader()
        var set = NamedSet(name)
        try reader.begin(name, headerOnly: true)
        _ = try reader.readNext(of: &set) { _ in }
        guard let found = set.found else { return nil }
        do throws(IPSetDefinition.Unusable) {
            return try IPSetDefinition(found)
        } catch {
            throw DataplaneError(part: .ipset, explanation: "cannot use the set \(name): \(error.reason)")
        }
    }

    public func readMembers(
        _ reading: inout KernelReading<NamedSet>,
        _ body: (IPSetEntry) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        let turn = underWay.takeUp(&reading)
        guard turn != .none else { return .lapsed }
        // Unless it is put back, the kernel lets go of whatever it holds on to for this reader.
        var reader = reader.take()
        if turn == .first {
            // A program that nobody writes with ends without a failure, but for here.
            try attempt("", program.checkRunning)
            let fresh = if let reader { reader } else { try IPSetReader() }
            try fresh.begin(reading.subject.name)
            reader = fresh
        }
        guard let reader else { return .lapsed }
        let hasMore = try reader.readNext(of: &reading.subject, body)
        self.reader = reader
        return underWay.putDown(reading, hasMore: hasMore)
    }

    /// Ends the reading of any of these sets, and does what the kernel refuses while one of them is read.
    ///
    /// The end of a socket is the end of its dump, which Linux before 6.12 (and 6.1.119) sees to in the background
    /// (`netlink_release` in `net/netlink/af_netlink.c`): for some milliseconds it holds on to the set. Met on 5.10.
    private func withoutReading<Result>(
        _ names: String...,
        body: () throws(DataplaneError) -> Result
    ) throws(DataplaneError) -> Result {
        let isReading = reader.map { names.contains(where: $0.isReading) } ?? false
        guard isReading else { return try body() }
        reader = nil
        underWay.end()
        for _ in 0..<Self.releaseAttempts {
            do throws(DataplaneError) {
                return try body()
            } catch {
                guard [EBUSY, Self.inUse].contains(error.number) else { throw error }
                usleep(Self.releaseInterval)
            }
        }
        return try body()
    }

    public func create(_ set: IPSetDefinition) throws(DataplaneError) {
        try attempt("cannot create the set \(set.name)") { (session) throws(IPSetFailure) in
            try session.create(set)
        }
    }

    public func swap(_ first: String, _ second: String) throws(DataplaneError) {
        try withoutReading(first, second) { () throws(DataplaneError) in
            try attempt("cannot swap the sets \(first) and \(second)") { (session) throws(IPSetFailure) in
                try session.swap(first, second)
            }
        }
    }

    public func destroy(_ name: String) throws(DataplaneError) {
        try withoutReading(name) { () throws(DataplaneError) in
            try attempt("cannot destroy the set \(name)") { (session) throws(IPSetFailure) in
                try session.destroy(name)
            }
        }
    }

    /// nf_tables ends rules in the background (`nf_tables_trans_destroy_work` in `net/netfilter/nf_tables_api.c`), which takes
    /// some ten milliseconds, and under load longer.
    public func destroyReleased(_ name: String) throws(DataplaneError) {
        for _ in 0..<Self.releaseAttempts {
            do throws(DataplaneError) {
                return try destroy(name)
            } catch {
                guard error.number == Self.inUse else { throw error }
                usleep(Self.releaseInterval)
            }
        }
        try destroy(name)
    }

    /// What the kernel answers when something refers to the set.
    private static let inUse = Int32(IPSET_ERR_BUSY.rawValue)
    private static let releaseAttempts = 50
    /// In microseconds.
    private static let releaseInterval: UInt32 = 10_000

    public func destroyIfPresent(_ name: String) throws(DataplaneError) -> Bool {
        do throws(DataplaneError) {
            try destroy(name)
            return true
        } catch {
            guard error.number != ENOENT else { return false }
            throw error
        }
    }

    /// Changes of one kind to one set that follow one another travel together, up to some hundred in a message: a caller
    /// with many sorts them by set.
    public func apply(_ changes: [IPSetChange]) throws(DataplaneError) -> [RefusedChange<IPSetChange>] {
        var refused: [RefusedChange<IPSetChange>] = []
        var rest = changes[...]
        while let first = rest.first {
            let row = rest.prefix { $0.set == first.set && $0.command == first.command }
            rest = rest[row.endIndex...]
            try apply(row: row, of: first.command, to: first.set, &refused)
        }
        return refused
    }

    private func apply(
        row: ArraySlice<IPSetChange>,
        of command: sets_command,
        to set: IPSetDefinition,
        _ refused: inout [RefusedChange<IPSetChange>]
    ) throws(DataplaneError) {
        var changes: [IPSetChange] = []
        var entries: [sets_entry] = []
        for change in row {
            if let entry = sets_entry(change.entry, of: set) {
                changes.append(change)
                entries.append(entry)
            } else {
                let error = DataplaneError(
                    part: .ipset,
                    number: EINVAL,
                    explanation: "\(change.entry) cannot be a member of \(set.name), a set of type "
                        + "\(set.type.rawValue) for \(set.family)"
                )
                refused.append(RefusedChange(change: change, error: error))
            }
        }

        // Entries are sent again only from after a refused one on, and ever more at a time, so that a set which refuses
        // each of many entries (it is full) does not get each of them many times.
        var next = 0
        var reach = entries.count
        while next < entries.count {
            let end = min(next + reach, entries.count)
            let progress = try attempt("cannot change the set \(set.name)") { (session) throws(IPSetFailure) in
                try session.change(command, set, entries[next..<end])
            }
            switch progress {
            case .complete:
                next = end
                reach = min(2 * reach, entries.count)
            case .refused(_, let failure) where failure.number == ENOENT:
                // There is no such set, so it is true of all the others too.
                let error = DataplaneError(failure, "cannot change the set \(set.name)")
                refused += changes[next...].map { RefusedChange(change: $0, error: error) }
                return
            case .refused(_, let failure) where failure.number == ENOMEM && end - next > 1:
                // The kernel could not even tell the line: its answer names the first one of the message.
                reach = 1
            case .refused(let index, let failure):
                refused.append(changes[index].refused(failure))
                next = index + 1
                reach = 1
            }
        }
    }

    // MARK: The program

    private func attempt<Result>(
        _ what: @autoclosure () -> String,
        _ body: (IPSetSession) throws(IPSetFailure) -> Result
    ) throws(DataplaneError) -> Result {
        try attempt(what()) { () throws(IPSetFailure) in try program.perform(body) }
    }

    private func attempt<Result>(
        _ what: @autoclosure () -> String,
        _ body: () throws(IPSetFailure) -> Result
    ) throws(DataplaneError) -> Result {
        do throws(IPSetFailure) {
            return try body()
        } catch {
            throw DataplaneError(error, what())
        }
    }
}

extension IPSetChange {
    fileprivate var command: sets_command {
        switch self {
        case .add: SETS_ADD
        case .remove: SETS_REMOVE
        }
    }

    fileprivate var set: IPSetDefinition {
        switch self {
        case .add(_, let set), .remove(_, let set): set
        }
    }

    fileprivate func refused(_ failure: IPSetFailure) -> RefusedChange<IPSetChange> {
        let attempt =
            switch self {
            case .add(let entry, let set): "cannot add \(entry) to the set \(set.name)"
            case .remove(let entry, let set): "cannot remove \(entry) from the set \(set.name)"
            }
        var error = DataplaneError(failure, attempt)
        if failure.number == Int32(IPSET_ERR_TYPE_SPECIFIC.rawValue), set.type != .bitmapPort {
            error.explanation =
                "the set \(set.name) is full: it takes \(set.maximumElements) members, so \(entry) is missing"
        }
        return RefusedChange(change: self, error: error)
    }
}

extension DataplaneError {
    fileprivate init(_ failure: IPSetFailure, _ attempt: String) {
        // What has become of the program is one fault, whatever it was to be used for.
        let words = failure.isOfProgram ? failure.words : "\(attempt): \(failure.words)"
        self.init(part: .ipset, number: failure.number, explanation: words)
    }
}
