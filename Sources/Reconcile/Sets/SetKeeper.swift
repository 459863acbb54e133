// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// Keeps one family's sets as they are wanted.
///
/// It trusts what the kernel has acknowledged, until a verifying pass reads the sets. What is wanted is an argument of each step.
struct SetKeeper {
    typealias Instant = ContinuousClock.Instant

    let family: IPFamily
    private var known = KnownSets()
    private var entries = UnsettledEntries()
    private var replacer: SetReplacer
    private var reading: SetReading?

    init(family: IPFamily) {
        self.family = family
        replacer = SetReplacer(family: family)
    }

    /// Whether entries may differ from what is wanted.
    var hasWork: Bool { entries.arePending }

    /// Entries that the kernel has refused.
    var refused: Refusals<SetMembership> { entries.refused }

    /// Whether a reading of all sets is under way.
    var isVerifying: Bool { reading != nil }

    /// The sets that are known to exist, in the order of `ServiceSet`.
    var sizes: [FamilySizes.SetSize] { known.sizes }

    /// Takes over entries that may differ from what is wanted.
    mutating func take(_ touched: inout SetMemberships) { entries.take(&touched) }

    /// Begins a pass that writes what has changed: what was refused and may be tried again is tried in it.
    mutating func beginPass(at now: Instant) { entries.retryDue(at: now) }

    /// Whether rules have been made to match on another set since this was last asked.
    mutating func takeTouchedRules() -> Bool { replacer.takeTouchedRules() }

    // MARK: Writing

    /// Adds the entries that are wanted, and are not there.
    mutating func addWanted<Owner>(
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) {
        add(entries.pending { desired.contains($1, in: $0) }, desired, at: now, on: dataplane, &report)
    }

    /// Removes entries that are no longer wanted.
    mutating func removeUnwanted<Owner>(
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) {
        change(entries.pending { !desired.contains($1, in: $0) }, at: now, on: dataplane, &report) {
            $0.members.contains($1) ? .remove($1, from: $0.definition) : nil
        }
    }

    /// Adds entries, those of one set together: that is what travels to the kernel in few messages.
    private mutating func add<Owner>(
        _ wanted: [(set: ServiceSet, entries: [IPSetEntry])],
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) {
        for (set, entries) in wanted where !entries.isEmpty {
            do throws(DataplaneError) {
                try growIfFull(set, adding: entries.count, desired, at: now, on: dataplane, &report)
            } catch {
                report.failures.append(error)
            }
        }
        change(wanted, at: now, on: dataplane, &report) {
            $0.members.contains($1) ? nil : .add($1, to: $0.definition)
        }
    }

    private mutating func change(
        _ sets: [(set: ServiceSet, entries: [IPSetEntry])],
        at now: Instant,
        on dataplane: any IPSetDataplane,
        _ report: inout PassReport,
        _ needed: (KnownSets.KnownSet, IPSetEntry) -> IPSetChange?
    ) {
        var changes: [IPSetChange] = []
        var changed: [(set: ServiceSet, changes: Range<Int>)] = []
        for (set, entries) in sets where !entries.isEmpty {
            guard let known = known[set] else {
                // The next reading finds all that differs. Until there is one, names may come and go without end.
                self.entries.forgetPending(in: set)
                continue
            }
            let start = changes.count
            for entry in entries {
                guard let change = needed(known, entry) else {
                    self.entries.noteDone(SetMembership(set, entry))
                    continue
                }
                // One that a growing set has just refused waits for its time.
                if !self.entries.isWaiting(SetMembership(set, entry)) { changes.append(change) }
            }
            if changes.count > start { changed.append((set, start..<changes.count)) }
        }
        guard !changes.isEmpty else { return }

        do throws(DataplaneError) {
            let refused = Dictionary(
                try dataplane.apply(changes).lazy.map {
                    ($0.change, Refusal(kind: .setEntry, attempt: "\($0.change)", error: $0.error))
                },
                uniquingKeysWith: { first, _ in first }
            )
            for (set, range) in changed {
                reading?.noteWritten(changes[range], to: set)
                known.follow(changes[range], butFor: refused, in: set)
                for change in changes[range] {
                    let name = SetMembership(set, change.entry)
                    if !refused.isEmpty, let refusal = refused[change] {
                        report.refusals.append(refusal)
                        entries.noteRefused(name, refusal, at: now)
                    } else {
                        entries.noteDone(name)
                        report.count(.setEntry)
                    }
                }
            }
        } catch {
            for (set, _) in changed {
                known[set] = nil
                reading?.restart(set)
            }
            report.failures.append(error)
        }
    }

    // MARK: Replacing

    /// Replaces a hash set that is too small for its desired members by a larger one.
    private mutating func growIfFull<Owner>(
        _ set: ServiceSet,
        adding additions: Int,
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        // Members that are to go leave only after the new ones came, so they count too.
        guard set.type != .bitmapPort, var larger = known[set]?.definition,
            let needed = (known[set]?.members.count).map({ $0 + additions }),
            needed > Int(larger.maximumElements)
        else { return }
        larger.makeRoom(for: needed)
        let refused = try replacer.swapIn(set, larger, of: desired.entries(of: set), dataplane, &report)
        noteReplaced(set, larger, desired, refused, at: now, &report)
    }

    /// Takes note of a set that has come in the place of another one, with all its members.
    private mutating func noteReplaced<Owner>(
        _ set: ServiceSet,
        _ definition: IPSetDefinition,
        _ desired: DesiredState<Owner>,
        _ refused: [RefusedChange<IPSetChange>],
        at now: Instant,
        _ report: inout PassReport
    ) {
        var members = Set(desired.entries(of: set))
        for refusal in refused {
            let entry = refusal.change.entry
            members.remove(entry)
            // Named after the set that it is missing from.
            let change = IPSetChange.add(entry, to: definition)
            let named = Refusal(kind: .setEntry, attempt: "\(change)", error: refusal.error)
            report.refusals.append(named)
            entries.noteRefused(SetMembership(set, entry), named, at: now)
        }
        known[set] = KnownSets.KnownSet(definition: definition, members: members)
        report.count(.set)
    }

    // MARK: Verifying

    /// Begins to read all sets.
    mutating func beginVerifying() {
        // Their reason may be among what this mends, such as a set that was gone.
        entries.retryAll()
        reading = SetReading(family: family)
    }

    /// Reads a part of a set. Makes the set where it is missing or unusable. Adds missing members when all of it has
    /// been read. Members that are too many are noted as pending.
    ///
    /// - Parameter rulesAreFree: whether rules may be written now. It suspends only where rules have to change before a
    ///   set can be replaced.
    /// - Throws: when the set could not be read. The next step goes on with the next set.
    mutating func verifyNext<Owner>(
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: Dataplane,
        rulesAreFree: Bool,
        _ report: inout PassReport
    ) async throws(DataplaneError) {
        guard let set = reading?.current else { return }
        if reading?.isAtStart == true { replacer.removeStandIn(of: set, dataplane.sets, &report) }
        do throws(DataplaneError) {
            switch try reading?.next(knowing: known[set]?.members, on: dataplane.sets) {
            case .part?, nil: return
            case .unusable(let found)?:
                await replace(set, found, desired, at: now, on: dataplane, rulesAreFree: rulesAreFree, &report)
            case .whole(let found, let members)?:
                let definition =
                    if let found { found } else {
                        try create(set, wasKnown: members.isKnown, on: dataplane.sets, &report)
                    }
                let missing = conclude(set, definition, members, desired, &report)
                add([(set, missing)], desired, at: now, on: dataplane.sets, &report)
            }
        } catch {
            // It keeps what is pending for it.
            known[set] = nil
            endReading()
            throw error
        }
        endReading()
    }

    private mutating func endReading() {
        reading?.endSet()
        if reading?.current == nil { reading = nil }
    }

    private func create(
        _ set: ServiceSet,
        wasKnown: Bool,
        on dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) -> IPSetDefinition {
        let definition = IPSetDefinition(set, family)
        try dataplane.create(definition)
        report.count(.set)
        if wasKnown { report.countDrift(.set, CollectionOfOne(definition)) { "set \($0.name)" } }
        return definition
    }

    /// Takes a set as it was read for what is known of it, and notes what is too many as pending.
    ///
    /// - Returns: the entries that are missing.
    private mutating func conclude<Owner>(
        _ set: ServiceSet,
        _ definition: IPSetDefinition,
        _ members: MembershipReading<IPSetEntry>,
        _ desired: DesiredState<Owner>,
        _ report: inout PassReport
    ) -> [IPSetEntry] {
        var current = known.take(set)?.members
        let (missing, drift) = entries.conclude(members, of: set, known: &current, desired)
        known[set] = current.map { KnownSets.KnownSet(definition: definition, members: $0) }
        report.countDrift(.setEntry, drift) { "set entry \($0) of \(definition.name)" }
        return missing
    }

    /// Replaces an unusable set by one as it should be, with all its members.
    private mutating func replace<Owner>(
        _ set: ServiceSet,
        _ found: ObservedSet,
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: Dataplane,
        rulesAreFree: Bool,
        _ report: inout PassReport
    ) async {
        let wanted = desired.entries(of: set)
        var definition = IPSetDefinition(set, family)
        definition.makeRoom(for: wanted.count)
        do throws(DataplaneError) {
            let refused = try await replacer.replace(
                set, found, by: definition, of: wanted, rulesAreFree: rulesAreFree, dataplane, &report)
            noteReplaced(set, definition, desired, refused, at: now, &report)
            report.countDrift(.set, CollectionOfOne(definition)) { "set \($0.name)" }
        } catch {
            // Each such set has a sentence of its own, and it keeps what is pending for it. All others have been read.
            known[set] = nil
            report.failures.append(error)
        }
    }
}
