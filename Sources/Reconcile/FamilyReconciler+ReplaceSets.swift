public import Addressing
public import DataplaneModel

/// Sets that are made anew under another name and filled there, so that no packet sees them empty.
extension FamilyReconciler {
    /// Puts a set as it should be, with all its members, in the place of one that is of no use.
    ///
    /// The kernel exchanges sets of one type and family under the rules that match on them. One of another kind can only be
    /// destroyed, and only when nothing refers to it: so our rules match on a stand-in meanwhile.
    mutating func replace(
        _ set: ServiceSet,
        _ found: ObservedSet,
        _ dataplane: Dataplane,
        _ report: inout PassReport
    ) async throws(DataplaneError) {
        var definition = IPSetDefinition(set, family)
        definition.makeRoom(for: desired.entries(of: set).count)
        if found.isOfKind(definition) {
            try swapIn(definition, set, dataplane.sets, &report)
        } else if found.references == 0 {
            try dataplane.sets.destroy(found.name)
            try dataplane.sets.create(definition)
            try noteReplaced(set, definition, dataplane.sets, &report)
        } else {
            try await replaceUnderRules(set, found, definition, dataplane, &report)
        }
        if hasReadKernel { report.countDrift(.set, CollectionOfOne(definition)) { "set \($0.name)" } }
    }

    /// Replaces a hash set that is too small for its desired members by a larger one.
    mutating func growIfFull(
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
        larger.makeRoom(for: needed)
        try swapIn(larger, set, dataplane, &report)
    }

    /// Removes what a daemon that was killed, or a pass that broke off, has left beside a set. Rules may match on it until they
    /// are put right.
    mutating func removeStandIn(
        of set: ServiceSet,
        _ dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) {
        guard setsWithStandIn.contains(set) else { return }
        do throws(DataplaneError) {
            _ = try dataplane.destroyIfPresent(set.replacementName(for: family))
            setsWithStandIn.remove(set)
        } catch {
            if hasReadKernel { report.failures.append(error) }
        }
    }

    // MARK: Of one kind

    private mutating func swapIn(
        _ definition: IPSetDefinition,
        _ set: ServiceSet,
        _ dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        let (standIn, refused) = try makeStandIn(for: definition, set, dataplane)
        do throws(DataplaneError) {
            try dataplane.swap(standIn.name, definition.name)
        } catch {
            removeStandIn(of: set, dataplane, &report)
            throw error
        }
        noteReplaced(set, definition, refused, &report)
        removeStandIn(of: set, dataplane, &report)
    }

    /// Makes a set like `definition` under another name, with all members that the set should have.
    private mutating func makeStandIn(
        for definition: IPSetDefinition,
        _ set: ServiceSet,
        _ dataplane: any IPSetDataplane
    ) throws(DataplaneError) -> (standIn: IPSetDefinition, refused: [RefusedChange<IPSetChange>]) {
        var standIn = definition
        standIn.name = set.replacementName(for: family)
        setsWithStandIn.insert(set)
        _ = try dataplane.destroyIfPresent(standIn.name)
        try dataplane.create(standIn)
        return (standIn, try dataplane.apply(desired.entries(of: set).map { .add($0, to: standIn) }))
    }

    // MARK: Of another kind

    private mutating func replaceUnderRules(
        _ set: ServiceSet,
        _ found: ObservedSet,
        _ definition: IPSetDefinition,
        _ dataplane: Dataplane,
        _ report: inout PassReport
    ) async throws(DataplaneError) {
        guard rulesBackoff.retry == nil, !rulesAreUnderWay else {
            // Passes wait for the programs here: not for those that are known to fail.
            throw DataplaneError(
                part: .ipset,
                explanation:
                    "the set \(found.name), of type \(found.typeName), is replaced when the rules that match on it "
                    + "can be written: they are being written, or have failed"
            )
        }
        let references = SetReferences(to: found.name, in: try await dataplane.rules.save(family))
        guard references.count >= Int(found.references) else {
            throw .heldByOthers(found, definition, references)
        }
        let (standIn, _) = try makeStandIn(for: definition, set, dataplane.sets)
        // Whatever comes of this, the rules are looked at again.
        pending.rules = true
        do throws(DataplaneError) {
            try await refer(references, to: standIn.name, dataplane.rules)
            try dataplane.sets.destroyReleased(found.name)
        } catch {
            // What cannot be put back now is when the rules are put right.
            try? await refer(references, to: found.name, dataplane.rules)
            removeStandIn(of: set, dataplane.sets, &report)
            throw error
        }
        try dataplane.sets.create(definition)
        try noteReplaced(set, definition, dataplane.sets, &report)
        try await refer(references, to: definition.name, dataplane.rules)
        try? dataplane.sets.destroyReleased(standIn.name)
        removeStandIn(of: set, dataplane.sets, &report)
    }

    private func refer(
        _ references: SetReferences,
        to name: String,
        _ dataplane: any RulesDataplane
    ) async throws(DataplaneError) {
        guard let input = references.restoreInput(referringTo: name) else { return }
        try await dataplane.restore(input, family)
    }

    // MARK: The mirror

    /// Fills a set that was just made, and takes it into the mirror.
    private mutating func noteReplaced(
        _ set: ServiceSet,
        _ definition: IPSetDefinition,
        _ dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        let refused = try dataplane.apply(desired.entries(of: set).map { .add($0, to: definition) })
        noteReplaced(set, definition, refused, &report)
    }

    private mutating func noteReplaced(
        _ set: ServiceSet,
        _ definition: IPSetDefinition,
        _ refused: [RefusedChange<IPSetChange>],
        _ report: inout PassReport
    ) {
        var members = Set(desired.entries(of: set))
        for refusal in refused {
            let entry = refusal.change.entry
            members.remove(entry)
            // Named after the set that it is missing from.
            let named = Refusal(
                kind: .setEntry, attempt: "\(IPSetChange.add(entry, to: definition))", error: refusal.error)
            report.refusals.append(named)
            noteRefused(.setEntry(SetMembership(set, entry)), named)
        }
        mirror.sets[set] = Mirror.SetMirror(definition: definition, members: members)
        report.count(.set)
    }
}

extension IPSetDefinition {
    /// Doubles the number of members that it takes until there is room for so many.
    fileprivate mutating func makeRoom(for count: Int) {
        while count > Int(maximumElements) { maximumElements = max(1, maximumElements) * 2 }
    }
}

extension DataplaneError {
    fileprivate static func heldByOthers(
        _ found: ObservedSet,
        _ wanted: IPSetDefinition,
        _ references: SetReferences
    ) -> DataplaneError {
        let rule = references.foreignRule.map { ", among them the rule `\($0)`" } ?? ""
        let foreign = Int(found.references) - references.count
        return DataplaneError(
            part: .ipset,
            explanation: "cannot replace the set \(found.name), of type \(found.typeName) where "
                + "\(wanted.type.rawValue) for \(wanted.family) is needed: \(foreign) of its \(found.references) "
                + "references are of others\(rule); once `ipset list -terse \(found.name)` shows no more than "
                + "\(references.count), the next sync period replaces it"
        )
    }
}

extension ServiceSet {
    /// The name under which another version of the set is filled before it takes the set's place.
    public func replacementName(for family: IPFamily) -> String {
        "KUBE-IPVS-GROWING-\(family.rawValue)-\(rawValue)"
    }
}
