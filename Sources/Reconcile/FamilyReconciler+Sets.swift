import Addressing
import DataplaneModel

extension FamilyReconciler {
    /// Adds entries, those of one set together: that is what travels to the kernel in few messages.
    mutating func addSetEntries(
        _ wanted: [(set: ServiceSet, entries: [IPSetEntry])],
        _ dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) {
        for (set, entries) in wanted where !entries.isEmpty {
            do throws(DataplaneError) {
                try growIfFull(set, adding: entries.count, dataplane, &report)
            } catch {
                report.failures.append(error)
            }
        }
        change(wanted, dataplane, &report) { mirror, entry in
            mirror.members.contains(entry) ? nil : .add(entry, to: mirror.definition)
        }
    }

    mutating func removeSetEntries(_ dataplane: any IPSetDataplane, _ report: inout PassReport) {
        let unwanted = pendingEntries { !desired.contains($1, in: $0) }
        change(unwanted, dataplane, &report) { mirror, entry in
            mirror.members.contains(entry) ? .remove(entry, from: mirror.definition) : nil
        }
    }

    func pendingEntries(
        where isMeant: (ServiceSet, IPSetEntry) -> Bool
    ) -> [(set: ServiceSet, entries: [IPSetEntry])] {
        ServiceSet.allCases.compactMap { set in
            let pending = pending.setEntries[set]
            return pending.isEmpty ? nil : (set, pending.filter { isMeant(set, $0) })
        }
    }

    private mutating func change(
        _ sets: [(set: ServiceSet, entries: [IPSetEntry])],
        _ dataplane: any IPSetDataplane,
        _ report: inout PassReport,
        _ needed: (Mirror.SetMirror, IPSetEntry) -> IPSetChange?
    ) {
        var changes: [IPSetChange] = []
        var changed: [(set: ServiceSet, changes: Range<Int>)] = []
        for (set, entries) in sets where !entries.isEmpty {
            guard let mirror = mirror.sets[set] else {
                // The next reading finds all that differs. Until there is one, names may come and go without end.
                pending.setEntries[set] = []
                continue
            }
            let start = changes.count
            for entry in entries {
                let name = KernelObjectName.setEntry(SetMembership(set, entry))
                if let change = needed(mirror, entry) {
                    // One that a growing set has just refused waits for its time.
                    if refused.contains(name), !pending.setEntries[set].contains(entry) { continue }
                    changes.append(change)
                } else {
                    noteDone(name)
                }
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
                verification?.noteWritten(changes[range], to: set)
                follow(changes[range], butFor: refused, in: set, &report)
            }
        } catch {
            for (set, _) in changed {
                mirror.sets[set] = nil
                verification?.readAgain(set)
            }
            report.failures.append(error)
        }
    }

    /// Does to the mirror of a set what the kernel did to the set.
    private mutating func follow(
        _ changes: ArraySlice<IPSetChange>,
        butFor refused: [IPSetChange: Refusal],
        in set: ServiceSet,
        _ report: inout PassReport
    ) {
        // Taken out, so that its members are changed in place.
        guard var mirror = mirror.sets.removeValue(forKey: set) else { return }
        mirror.members.reserveCapacity(mirror.members.count + changes.count)
        for change in changes {
            let name = KernelObjectName.setEntry(SetMembership(set, change.entry))
            if !refused.isEmpty, let refusal = refused[change] {
                report.refusals.append(refusal)
                noteRefused(name, refusal)
                continue
            }
            switch change {
            case .add(let entry, _): mirror.members.insert(entry)
            case .remove(let entry, _): mirror.members.remove(entry)
            }
            noteDone(name)
            report.count(.setEntry)
        }
        self.mirror.sets[set] = mirror
    }
}
