// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel
public import Reconcile

/// The kernel's sets as a model: it refuses what the kernel refuses.
public final class FakeIPSet: IPSetDataplane {
    public struct Contents: Hashable, Sendable {
        public var definition: IPSetDefinition
        public var members: Set<IPSetEntry>
        /// How the kernel describes it, where it is not one that the daemon could have made.
        public var foreign: ObservedSet?

        public init(
            definition: IPSetDefinition,
            members: Set<IPSetEntry> = [],
            foreign: ObservedSet? = nil
        ) {
            self.definition = definition
            self.members = members
            self.foreign = foreign
        }

        fileprivate func observed(_ references: Int) -> ObservedSet {
            var observed = foreign ?? ObservedSet(definition)
            observed.references = UInt32(references)
            return observed
        }
    }

    /// What is there now; assign to change it behind the daemon's back.
    public var sets: [String: Contents] = [:]
    public private(set) var writeCount = 0
    /// Sets that somebody else refers to: they cannot be destroyed.
    public var referenced: Set<String> = []
    /// Sets that cannot be destroyed for a reason that shows nowhere.
    public var undestroyable: Set<String> = []
    /// How many rules match on the set of a name.
    public var ruleReferences: (String) -> Int = { _ in 0 }

    /// Entries that it takes into no set.
    public var refusedEntries: Set<IPSetEntry> = []

    /// How many members one call of `readMembers` hands over.
    public var membersPerPart = 3
    /// Whether members that come and go show while their set is read, but for the part that has been read.
    public var readingsShowChanges = false
    /// The set of which a part has been read, and not all of it.
    public var partlyRead: String? { underWayOf?.definition.name }
    private var underWay = ReadingUnderWay()
    private var underWayOf: (definition: IPSetDefinition, parts: PartedReading<IPSetEntry>)?

    private var nextApplyFailure: DataplaneError?

    private let onChange: (String) -> Void

    public init(onChange: @escaping (String) -> Void = { _ in }) {
        self.onChange = onChange
    }

    public func definition(ofSetNamed name: String) throws(DataplaneError) -> IPSetDefinition? {
        sets[name]?.definition
    }

    public func readMembers(
        _ reading: inout KernelReading<NamedSet>,
        _ body: (IPSetEntry) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        let name = reading.subject.name
        let isStart = reading.isAtStart
        guard underWay.takeUp(&reading) != .none else { return .lapsed }
        if isStart {
            underWayOf = sets[name].map { ($0.definition, PartedReading(of: $0.members)) }
        }
        guard case (let definition, var parts)? = underWayOf else { return .complete }
        // To count references takes long, and nobody asks for those of a set of ours.
        let count = isStart && sets[name]?.foreign != nil ? references(to: name) : 0
        reading.subject.found = sets[name]?.observed(count) ?? ObservedSet(definition)
        let now = readingsShowChanges ? sets[name]?.members : nil
        let hasMore = parts.next(membersPerPart, showing: now, body)
        underWayOf = hasMore ? (definition, parts) : nil
        return underWay.putDown(reading, hasMore: hasMore)
    }

    private func references(to name: String) -> Int {
        (referenced.contains(name) ? 1 : 0) + ruleReferences(name)
    }

    private func endReading(_ name: String) {
        guard partlyRead == name else { return }
        underWayOf = nil
        underWay.end()
    }

    public func create(_ set: IPSetDefinition) throws(DataplaneError) {
        guard sets[set.name] == nil else {
            throw DataplaneError(part: .ipset, number: 17, explanation: "\(set.name) exists")
        }
        guard (1...31).contains(set.name.utf8.count) else {
            throw DataplaneError(part: .ipset, explanation: "\(set.name) is too long a name")
        }
        sets[set.name] = Contents(definition: set)
        wrote("create \(set.name)")
    }

    public func swap(_ first: String, _ second: String) throws(DataplaneError) {
        endReading(first)
        endReading(second)
        guard let one = sets[first] else { throw missing(first) }
        guard let other = sets[second] else { throw missing(second) }
        guard one.observed(0).typeName == other.observed(0).typeName, one.observed(0).family == other.observed(0).family
        else {
            throw DataplaneError(part: .ipset, explanation: "\(first) and \(second) are of different types")
        }
        sets[first] = named(other, first)
        sets[second] = named(one, second)
        wrote("swap \(first) \(second)")
    }

    public func destroy(_ name: String) throws(DataplaneError) {
        endReading(name)
        guard references(to: name) == 0, !undestroyable.contains(name) else {
            throw DataplaneError(part: .ipset, explanation: "\(name) is in use by a kernel component")
        }
        guard sets.removeValue(forKey: name) != nil else { throw missing(name) }
        wrote("destroy \(name)")
    }

    public func destroyReleased(_ name: String) throws(DataplaneError) { try destroy(name) }

    public func destroyIfPresent(_ name: String) throws(DataplaneError) -> Bool {
        guard sets[name] != nil else { return false }
        try destroy(name)
        return true
    }

    /// The next exchange breaks, and nothing takes effect.
    public func failNextApply() {
        nextApplyFailure = DataplaneError(part: .ipset, explanation: "the fake broke off")
    }

    public func apply(_ changes: [IPSetChange]) throws(DataplaneError) -> [RefusedChange<IPSetChange>] {
        if let failure = nextApplyFailure.take() { throw failure }
        var refused: [RefusedChange<IPSetChange>] = []
        for change in changes {
            switch change {
            case .add(let entry, to: let set):
                guard let contents = sets[set.name], entry.fits(set.type), !refusedEntries.contains(entry),
                    contents.members.contains(entry) || set.type == .bitmapPort
                        || contents.members.count < Int(contents.definition.maximumElements)
                else {
                    let error = DataplaneError(part: .ipset, explanation: "\(set.name): \(entry) does not fit")
                    refused.append(RefusedChange(change: change, error: error))
                    continue
                }
                sets[set.name]?.members.insert(entry)
                wrote("add \(set.name) \(entry)")

            case .remove(let entry, from: let set):
                guard sets[set.name] != nil else {
                    refused.append(RefusedChange(change: change, error: missing(set.name)))
                    continue
                }
                sets[set.name]?.members.remove(entry)
                wrote("del \(set.name) \(entry)")
            }
        }
        return refused
    }

    private func wrote(_ what: String) {
        writeCount += 1
        onChange("ipset \(what)")
    }

    private func missing(_ name: String) -> DataplaneError {
        DataplaneError(part: .ipset, number: 2, explanation: "there is no set \(name)")
    }

    private func named(_ contents: Contents, _ name: String) -> Contents {
        var contents = contents
        contents.definition.name = name
        contents.foreign?.name = name
        return contents
    }
}

extension IPSetEntry {
    fileprivate func fits(_ type: IPSetType) -> Bool {
        switch (self, type) {
        case (.port, .bitmapPort), (.ip, .hashIP), (.ipPort, .hashIPPort), (.ipPortIP, .hashIPPortIP): true
        // The kernel's hash types with networks do not take a prefix of length zero.
        case (.ipPortNet(_, _, _, let network), .hashIPPortNet): !network.isZero
        default: false
        }
    }
}
