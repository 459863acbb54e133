import DataplaneModel

extension FamilyReconciler {
    /// Reads a part of a set, creates the set where it is missing, and adds what is missing of its members when all of it has
    /// been read. What is too many is noted as pending.
    mutating func verifyNextSet(_ step: inout Verification, _ dataplane: any IPSetDataplane) {
        guard let set = step.sets.first else { return }
        do throws(DataplaneError) {
            guard let missing = try readNext(of: set, &step, dataplane) else { return }
            addSetEntries([(set, missing)], dataplane, &step.report)
        } catch {
            // It keeps what is pending for it.
            mirror.sets[set] = nil
            step.noteUnread(error)
        }
        step.sets.removeFirst()
        if step.sets.isEmpty { step.phase = .rules }
    }

    /// - Returns: the entries that are missing; `nil` when there is more to be read.
    private mutating func readNext(
        of set: ServiceSet,
        _ step: inout Verification,
        _ dataplane: any IPSetDataplane
    ) throws(DataplaneError) -> [IPSetEntry]? {
        let isStart = step.setReading == nil
        var reading = step.setReading.take() ?? MembershipReading(knowing: mirror.sets[set]?.members)
        let part = try dataplane.readMembers(ofSetNamed: set.name(for: family), restarting: isStart) {
            reading.note($0)
        }
        let definition: IPSetDefinition
        if let part {
            try check(part.set, for: set)
            guard !part.hasMore else {
                step.setReading = reading
                return nil
            }
            definition = part.set
        } else {
            // Something else has ended the reading, such as a larger set that took its place: it begins anew.
            guard isStart else { return nil }
            definition = try create(set, wasKnown: reading.isKnown, dataplane, &step.report)
        }

        let desired = desired
        var known = mirror.sets.removeValue(forKey: set)?.members
        let (missing, drift) = reading.conclude(
            known: &known,
            pending: &pending.setEntries[set],
            wanted: desired.entries(of: set),
            isWanted: { desired.contains($0, in: set) }
        )
        mirror.sets[set] = known.map { Mirror.SetMirror(definition: definition, members: $0) }
        if hasVerified { step.report.countDrift(.setEntry, drift) }
        return missing
    }

    private func check(_ found: IPSetDefinition, for set: ServiceSet) throws(DataplaneError) {
        guard found.type == set.type, found.family == family || set.type == .bitmapPort else {
            throw DataplaneError(
                part: .ipset,
                explanation: "set \(found.name) exists as \(found.type.rawValue) for \(found.family), and "
                    + "\(set.type.rawValue) for \(family) is needed: remove it, and the rules that match on it"
            )
        }
    }

    private func create(
        _ set: ServiceSet,
        wasKnown: Bool,
        _ dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) -> IPSetDefinition {
        let definition = IPSetDefinition(set, family)
        try dataplane.create(definition)
        report.count(.set)
        if hasVerified, wasKnown {
            report.countDrift(.set, 1)
        }
        return definition
    }
}

extension Verification {
    /// Takes note of what a pass has written to a set, if that is being read.
    mutating func noteWritten(_ changes: ArraySlice<IPSetChange>, to set: ServiceSet) {
        guard sets.first == set, setReading != nil else { return }
        for change in changes { setReading?.noteWritten(change.entry) }
    }

    /// Has a set that is not known any more read from its beginning, if it is being read.
    mutating func readAgain(_ set: ServiceSet) {
        if sets.first == set { setReading = nil }
    }
}
