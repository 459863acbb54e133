import DataplaneModel

extension FamilyReconciler {
    /// Reads a part of a set, makes the set where it is missing or of no use, and adds what is missing of its members when all of it
    /// has been read. What is too many is noted as pending.
    mutating func verifyNextSet(_ step: inout Verification, _ dataplane: Dataplane) async {
        guard let set = step.sets.first else { return }
        if step.setReading == nil { removeStandIn(of: set, dataplane.sets, &step.report) }
        do throws(DataplaneError) {
            switch try readNext(of: set, &step, dataplane.sets) {
            case .part: return
            case .missing(let entries): addSetEntries([(set, entries)], dataplane.sets, &step.report)
            case .unusable(let found): await replaceUnusable(set, found, dataplane, &step.report)
            }
        } catch {
            // It keeps what is pending for it.
            mirror.sets[set] = nil
            step.noteUnread(error)
        }
        step.sets.removeFirst()
        if step.sets.isEmpty { step.phase = .rules }
    }

    private mutating func replaceUnusable(
        _ set: ServiceSet,
        _ found: ObservedSet,
        _ dataplane: Dataplane,
        _ report: inout PassReport
    ) async {
        do throws(DataplaneError) {
            try await replace(set, found, dataplane, &report)
        } catch {
            // Each such set has a sentence of its own, and it keeps what is pending for it. All others have been read.
            mirror.sets[set] = nil
            report.failures.append(error)
        }
    }

    private enum SetReading {
        /// There is more to be read.
        case part
        case missing([IPSetEntry])
        /// It is not as the daemon makes it, or has members that cannot be removed by name.
        case unusable(ObservedSet)
    }

    private mutating func readNext(
        of set: ServiceSet,
        _ step: inout Verification,
        _ dataplane: any IPSetDataplane
    ) throws(DataplaneError) -> SetReading {
        let isStart = step.setReading == nil
        var reading = step.setReading.take() ?? MembershipReading(knowing: mirror.sets[set]?.members)
        let part = try dataplane.readMembers(ofSetNamed: set.name(for: family), restarting: isStart) {
            reading.note($0)
        }
        let definition: IPSetDefinition
        if let part {
            guard let found = try? IPSetDefinition(part.set), part.set.isOfKind(IPSetDefinition(set, family)) else {
                return .unusable(part.set)
            }
            guard !part.hasMore else {
                step.setReading = reading
                return .part
            }
            definition = found
        } else {
            // Something else has ended the reading, such as a larger set that took its place: it begins anew.
            guard isStart else { return .part }
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
        if hasReadKernel { step.report.countDrift(.setEntry, drift) }
        return .missing(missing)
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
        if hasReadKernel, wasKnown {
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
