// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects

/// The objects of one kind, as their updates make them.
///
/// It hands on what is really different from before: after a new list that is little, and of an update that changes
/// nothing that routing looks at, nothing.
public struct ObjectStore<Object: Hashable & Sendable>: Sendable {
    /// What an update comes to.
    public struct Changes: Hashable, Sendable {
        /// New objects, and those that differ from before. In the order of the update.
        public var applied: [ObservedObject<Object>] = []
        /// Objects that are gone, or of which nothing can be used any more. In the order of their names.
        public var removed: [ObjectName] = []
        /// What was left out of objects, where that is another than before.
        public var rejections: [Rejection] = []
        /// Objects of which something was left out before, and nothing is any more.
        public var settled: [ObjectName] = []

        public init() {}

        public var isEmpty: Bool { applied.isEmpty && removed.isEmpty && rejections.isEmpty && settled.isEmpty }

        /// Takes in what an update after these comes to. An object that came and went is gone, one that went and came is there; one
        /// that changed twice is there twice, the newer one last.
        public mutating func append(_ later: Changes) {
            if !later.removed.isEmpty, !applied.isEmpty {
                let gone = Set(later.removed)
                applied.removeAll { $0.name.map(gone.contains) ?? false }
            }
            if !later.applied.isEmpty, !removed.isEmpty {
                let there = Set(later.applied.compactMap(\.name))
                removed.removeAll { there.contains($0) }
            }
            applied += later.applied
            removed += later.removed
            rejections += later.rejections
            settled += later.settled
        }
    }

    private struct Entry: Sendable {
        var object: Object?
        var rejections: [Rejection]
    }

    private var entries: [ObjectName: Entry] = [:]
    /// Whether all objects have been here once. Before that, nothing may be concluded from what is missing.
    public private(set) var hasSynced = false

    public init() {}

    /// Every object that can be used.
    public var objects: [ObjectName: Object] { entries.compactMapValues(\.object) }

    /// The object of a name, when it can be used.
    public subscript(name: ObjectName) -> Object? { entries[name]?.object }

    /// Takes an update in.
    public mutating func apply(_ update: ResourceUpdate<ObservedObject<Object>>) -> Changes {
        var changes = Changes()
        switch update {
        case .applied(let observed):
            set(observed, &changes)
        case .deleted(let observed):
            // A deletion that cannot be read has its rejection, and the next list will show it.
            if let name = observed.name { remove(name, &changes) } else { changes.rejections += observed.rejections }
        case .replaced(let all):
            hasSynced = true
            var gone = Set(entries.keys)
            for observed in all {
                if let name = observed.name { gone.remove(name) }
                set(observed, &changes)
            }
            for name in gone { remove(name, &changes) }
            settle(&changes)
        }
        return changes
    }

    private mutating func set(_ observed: ObservedObject<Object>, _ changes: inout Changes) {
        guard let name = observed.name else {
            changes.rejections += observed.rejections
            return
        }
        let known = entries[name]
        if known?.rejections ?? [] != observed.rejections {
            changes.rejections += observed.rejections
            if observed.rejections.isEmpty { changes.settled.append(name) }
        }
        if known?.object != observed.object {
            if observed.object != nil { changes.applied.append(observed) } else { changes.removed.append(name) }
        }
        guard observed.object != nil || !observed.rejections.isEmpty else {
            entries[name] = nil
            return
        }
        entries[name] = Entry(object: observed.object, rejections: observed.rejections)
    }

    /// Leaves of what came and went within one list what is true at its end. The initial events of a watch may have an object
    /// that was deleted and made anew meanwhile.
    private func settle(_ changes: inout Changes) {
        guard !changes.removed.isEmpty else { return }
        changes.removed.removeAll { entries[$0]?.object != nil }
        changes.removed = Set(changes.removed).sorted()
        let gone = Set(changes.removed)
        changes.applied.removeAll { $0.name.map(gone.contains) ?? false }
    }

    private mutating func remove(_ name: ObjectName, _ changes: inout Changes) {
        guard let known = entries.removeValue(forKey: name) else { return }
        if known.object != nil { changes.removed.append(name) }
        if !known.rejections.isEmpty { changes.settled.append(name) }
    }
}
