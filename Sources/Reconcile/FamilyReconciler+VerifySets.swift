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
        var (reading, members) =
            step.setReading.take()
            ?? (
                KernelReading(of: NamedSet(set.name(for: family))),
                MembershipReading(knowing: mirror.sets[set]?.members)
            )
        let progress = try dataplane.readMembers(&reading) { members.note($0) }
        // What has ended the reading may be a larger set that took its place: it begins anew.
        guard progress != .lapsed else { return .part }
        let definition: IPSetDefinition
        if let observed = reading.subject.found {
            guard let found = try? IPSetDefinition(observed), observed.isOfKind(IPSetDefinition(set, family)) else {
                return .unusable(observed)
            }
            guard progress == .complete else {
                step.setReading = (reading, members)
                return .part
            }
            definition = found
        } else {
            definition = try create(set, wasKnown: members.isKnown, dataplane, &step.report)
        }

        let desired = desired
        var known = mirror.sets.removeValue(forKey: set)?.members
        let (missing, drift) = members.conclude(
            known: &known,
            pending: &pending.setEntries[set],
            wanted: desired.entries(of: set),
            isWanted: { desired.contains($0, in: set) }
        )
        mirror.sets[set] = known.map { Mirror.SetMirror(definition: definition, members: $0) }
        if hasReadKernel { step.report.countDrift(.setEntry, drift) { "set entry \($0) of \(definition.name)" } }
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
            report.countDrift(.set, CollectionOfOne(definition)) { "set \($0.name)" }
        }
        return definition
    }
}

extension Verification {
    /// Takes note of what a pass has written to a set, if that is being read.
    mutating func noteWritten(_ changes: ArraySlice<IPSetChange>, to set: ServiceSet) {
        guard sets.first == set, setReading != nil else { return }
        for change in changes { setReading?.members.noteWritten(change.entry) }
    }

    /// Has a set that is not known any more read from its beginning, if it is being read.
    mutating func readAgain(_ set: ServiceSet) {
        if sets.first == set { setReading = nil }
    }
}
