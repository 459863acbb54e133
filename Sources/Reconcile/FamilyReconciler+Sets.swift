public import Addressing
public import DataplaneModel

extension FamilyReconciler {
    mutating func addSetEntries(_ dataplane: any IPSetDataplane, _ report: inout PassReport) {
        let wanted = pending.setEntries.filter { desired.contains($0.entry, in: $0.set) }
        for (set, additions) in Dictionary(grouping: wanted, by: \.set) {
            do throws(DataplaneError) {
                try growIfFull(set, adding: additions.count, dataplane, &report)
            } catch {
                report.failures.append(error)
            }
        }
        change(wanted, dataplane, &report) { mirror, membership in
            mirror.members.contains(membership.entry) ? nil : .add(membership.entry, to: mirror.definition)
        }
    }

    mutating func removeSetEntries(_ dataplane: any IPSetDataplane, _ report: inout PassReport) {
        let unwanted = pending.setEntries.filter { !desired.contains($0.entry, in: $0.set) }
        change(unwanted, dataplane, &report) { mirror, membership in
            mirror.members.contains(membership.entry) ? .remove(membership.entry, from: mirror.definition) : nil
        }
    }

    private mutating func change(
        _ memberships: Set<SetMembership>,
        _ dataplane: any IPSetDataplane,
        _ report: inout PassReport,
        _ needed: (Mirror.SetMirror, SetMembership) -> IPSetChange?
    ) {
        var changes: [IPSetChange] = []
        var changed: [SetMembership] = []
        // Those of one set together: that is what travels to the kernel in few messages.
        for membership in memberships.sorted(by: { $0.set.rawValue < $1.set.rawValue }) {
            guard let set = mirror.sets[membership.set] else { continue }
            if let change = needed(set, membership) {
                changes.append(change)
                changed.append(membership)
            } else {
                pending.setEntries.remove(membership)
            }
        }
        guard !changes.isEmpty else { return }

        do throws(DataplaneError) {
            let refused = try dataplane.apply(changes)
            let refusedChanges = Set(refused.lazy.map(\.change))
            for (change, membership) in zip(changes, changed) where !refusedChanges.contains(change) {
                switch change {
                case .add(let entry, _): mirror.sets[membership.set]?.members.insert(entry)
                case .remove(let entry, _): mirror.sets[membership.set]?.members.remove(entry)
                }
                pending.setEntries.remove(membership)
                report.count(.setEntry)
            }
            report.refusals += refused.map {
                Refusal(kind: .setEntry, attempt: "\($0.change)", error: $0.error)
            }
        } catch {
            for set in Set(changed.lazy.map(\.set)) {
                mirror.sets[set] = nil
            }
            report.failures.append(error)
        }
    }

    /// Replaces a hash set that is too small for its desired members by a larger one, filled before it is swapped in, so
    /// that no packet sees it empty.
    private mutating func growIfFull(
        _ set: ServiceSet,
        adding additions: Int,
        _ dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        // Members that are to go leave only after the new ones came, so they count too.
        guard set.type != .bitmapPort, var larger = mirror.sets[set]?.definition,
            let needed = (mirror.sets[set]?.members.count).map({ $0 + additions }),
            needed > Int(larger.maximumElements)
        else { return }
        while needed > Int(larger.maximumElements) {
            larger.maximumElements = max(1, larger.maximumElements) * 2
        }
        let entries = desired.entries(of: set)
        var replacement = larger
        replacement.name = set.replacementName(for: family)
        if try dataplane.definition(ofSetNamed: replacement.name) != nil {
            // Left behind by a daemon that was killed in the middle of this.
            try dataplane.destroy(replacement.name)
        }
        try dataplane.create(replacement)
        let refused = try dataplane.apply(entries.map { .add($0, to: replacement) })
        if let first = refused.first {
            try dataplane.destroy(replacement.name)
            throw first.error
        }
        try dataplane.swap(replacement.name, larger.name)
        try dataplane.destroy(replacement.name)
        report.count(.set)
        mirror.sets[set] = Mirror.SetMirror(definition: larger, members: Set(entries))
    }
}

extension ServiceSet {
    /// The name under which a larger version of the set is filled before it takes the set's place.
    public func replacementName(for family: IPFamily) -> String {
        "KUBE-IPVS-GROWING-\(family.rawValue)-\(rawValue)"
    }
}
