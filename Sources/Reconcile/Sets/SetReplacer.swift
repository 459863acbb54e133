// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// Makes sets anew under another name and fills them there, so that no packet sees them empty.
///
/// The kernel exchanges sets of one type and family under the rules that match on them. One of another kind can only be
/// destroyed, and only when nothing refers to it: so our rules match on a stand-in meanwhile.
struct SetReplacer {
    typealias Refused = [RefusedChange<IPSetChange>]

    private let family: IPFamily
    /// Sets beside which another one may have been left that was to take their place: by a daemon that was killed, or by us.
    private var setsWithStandIn = Set(ServiceSet.allCases)
    /// Whether rules have been made to match on another set: they are to be looked at again, whatever came of it.
    private var hasTouchedRules = false

    init(family: IPFamily) {
        self.family = family
    }

    mutating func takeTouchedRules() -> Bool {
        defer { hasTouchedRules = false }
        return hasTouchedRules
    }

    /// Replaces an unusable set by one like `definition`, with these entries.
    ///
    /// - Parameter rulesAreFree: whether rules may be written now.
    /// - Returns: the entries that the kernel refused.
    mutating func replace(
        _ set: ServiceSet,
        _ found: ObservedSet,
        by definition: IPSetDefinition,
        of entries: some Collection<IPSetEntry>,
        rulesAreFree: Bool,
        _ dataplane: Dataplane,
        _ report: inout PassReport
    ) async throws(DataplaneError) -> Refused {
        if found.isOfKind(definition) {
            return try swapIn(set, definition, of: entries, dataplane.sets, &report)
        }
        if found.references == 0 {
            try dataplane.sets.destroy(found.name)
            try dataplane.sets.create(definition)
            return try fill(definition, entries, dataplane.sets)
        }
        guard rulesAreFree else {
            // Passes wait for the programs here: not for those that are known to fail.
            throw DataplaneError(
                part: .ipset,
                explanation:
                    "the set \(found.name), of type \(found.typeName), is replaced when the rules that match on it "
                    + "can be written: they are being written, or have failed"
            )
        }
        return try await replaceUnderRules(set, found, definition, entries, dataplane, &report)
    }

    /// Removes what a daemon that was killed, or a pass that broke off, has left beside a set. Rules may match on it until they
    /// are put right.
    mutating func removeStandIn(of set: ServiceSet, _ dataplane: any IPSetDataplane, _ report: inout PassReport) {
        guard setsWithStandIn.contains(set) else { return }
        do throws(DataplaneError) {
            _ = try dataplane.destroyIfPresent(set.replacementName(for: family))
            setsWithStandIn.remove(set)
        } catch {
            if report.followsReading { report.failures.append(error) }
        }
    }

    // MARK: Of one kind

    /// Puts a set with these entries in the place of one of the same type and family.
    ///
    /// - Returns: the entries that the kernel refused.
    mutating func swapIn(
        _ set: ServiceSet,
        _ definition: IPSetDefinition,
        of entries: some Collection<IPSetEntry>,
        _ dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) -> Refused {
        let (standIn, refused) = try makeStandIn(for: definition, set, entries, dataplane)
        // Swapped or not, the set that has the other name now is not needed.
        defer { removeStandIn(of: set, dataplane, &report) }
        try dataplane.swap(standIn.name, definition.name)
        return refused
    }

    /// Makes a set like `definition` under another name, with all members that the set should have.
    private mutating func makeStandIn(
        for definition: IPSetDefinition,
        _ set: ServiceSet,
        _ entries: some Collection<IPSetEntry>,
        _ dataplane: any IPSetDataplane
    ) throws(DataplaneError) -> (standIn: IPSetDefinition, refused: Refused) {
        var standIn = definition
        standIn.name = set.replacementName(for: family)
        setsWithStandIn.insert(set)
        _ = try dataplane.destroyIfPresent(standIn.name)
        try dataplane.create(standIn)
        return (standIn, try fill(standIn, entries, dataplane))
    }

    private func fill(
        _ definition: IPSetDefinition,
        _ entries: some Collection<IPSetEntry>,
        _ dataplane: any IPSetDataplane
    ) throws(DataplaneError) -> Refused {
        try dataplane.apply(entries.map { .add($0, to: definition) })
    }

    // MARK: Of another kind

    private mutating func replaceUnderRules(
        _ set: ServiceSet,
        _ found: ObservedSet,
        _ definition: IPSetDefinition,
        _ entries: some Collection<IPSetEntry>,
        _ dataplane: Dataplane,
        _ report: inout PassReport
    ) async throws(DataplaneError) -> Refused {
        let references = SetReferences(to: found.name, in: try await dataplane.rules.save(family))
        guard references.count >= Int(found.references) else {
            throw .heldByOthers(found, definition, references)
        }
        let (standIn, _) = try makeStandIn(for: definition, set, entries, dataplane.sets)
        hasTouchedRules = true
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
        let refused = try fill(definition, entries, dataplane.sets)
        try await refer(references, to: definition.name, dataplane.rules)
        try? dataplane.sets.destroyReleased(standIn.name)
        removeStandIn(of: set, dataplane.sets, &report)
        return refused
    }

    private func refer(
        _ references: SetReferences,
        to name: String,
        _ dataplane: any RulesDataplane
    ) async throws(DataplaneError) {
        guard let input = references.restoreInput(referringTo: name) else { return }
        try await dataplane.restore(input, family)
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
