// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Reconcile
import ServicePlan

/// What the kernel would have to be given, sorted by what it is about: the rehearsal of a pass, as `plan` has it.
struct KernelDrift {
    /// What single objects that Services want are in need of.
    private(set) var changes: [RehearsedChange.Subject: [String]] = [:]
    /// What the whole node is in need of.
    private(set) var ofNode = ChangeCount()
    /// What the whole node should have, and Services work without.
    private(set) var optional: [String] = []
    /// What could not be read.
    var failures: [String] = []
    private let wanted: Set<RehearsedChange.Subject>?

    /// - Parameter wanted: what is of interest; `nil` for all.
    init(wanted: Set<RehearsedChange.Subject>? = nil) {
        self.wanted = wanted
    }

    mutating func note(_ change: RehearsedChange) {
        guard !change.isOptional else { return optional.append(change.description) }
        guard let subject = change.subject else { return ofNode.add(change) }
        guard wanted?.contains(subject) ?? true else { return }
        changes[subject, default: []].append(change.description)
    }

    func changes(of subject: RehearsedChange.Subject) -> [String] { changes[subject] ?? [] }
}

extension Contribution {
    /// What a pass may have to change for its sake.
    func subjects(_ family: IPFamily) -> [RehearsedChange.Subject] {
        var subjects: [RehearsedChange.Subject] = virtualServers.map { .virtualServer($0.id) }
        subjects += setEntries.map { .setEntry($0.entry, set: $0.set.name(for: family)) }
        subjects += addresses.map { .address($0) }
        return subjects
    }
}
