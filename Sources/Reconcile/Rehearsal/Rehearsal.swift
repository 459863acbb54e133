// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// A data plane that reads from another one, writes nothing, and notes what would be written.
///
/// Whatever would be written counts as done, so a pass over it goes the way that it would go over the other one. A pass
/// reads what it has made, which is then empty; all else is read as the original has it.
public struct Rehearsal {
    /// What a pass is to be made over. Tracked flows are left out: which of them are stale is seen only after the change.
    public let dataplane: Dataplane

    /// - Parameter note: called with each line as soon as it would be written, in that order.
    public init(of original: Dataplane, note: @escaping (RehearsedChange) -> Void) {
        let notes = RehearsalNotes(note)
        dataplane = Dataplane(
            ipvs: RehearsedIPVS(original: original.ipvs, notes: notes),
            sets: RehearsedIPSet(original: original.sets, notes: notes),
            addresses: RehearsedAddresses(original: original.addresses, notes: notes),
            rules: RehearsedRules(original: original.rules, notes: notes),
            settings: original.settings.map { RehearsedSettings(original: $0, notes: notes) }
        )
    }
}

private final class RehearsalNotes {
    private let hand: (RehearsedChange) -> Void

    init(_ hand: @escaping (RehearsedChange) -> Void) {
        self.hand = hand
    }

    func note(_ change: RehearsedChange) {
        hand(change)
    }

    func note(_ kind: RehearsedChange.Kind, _ text: String) {
        hand(RehearsedChange(kind, text))
    }
}

private final class RehearsedIPVS: IPVSDataplane {
    private let original: any IPVSDataplane
    private let notes: RehearsalNotes

    init(original: any IPVSDataplane, notes: RehearsalNotes) {
        self.original = original
        self.notes = notes
    }

    func listVirtualServers(
        _ reading: inout KernelReading<Void>,
        _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try original.listVirtualServers(&reading, body)
    }

    func virtualServer(_ id: VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer? {
        try original.virtualServer(id)
    }

    func realServers(of id: VirtualServer.ID) throws(DataplaneError) -> [ObservedRealServer]? {
        try original.realServers(of: id)
    }

    /// To find out would take a write. Which ones are missing is said with the objects.
    func has(_ scheduler: Scheduler) -> Bool { true }

    func apply(_ changes: [IPVSChange]) -> [RefusedChange<IPVSChange>] {
        for change in changes { notes.note(RehearsedChange(change)) }
        return []
    }
}

private final class RehearsedIPSet: IPSetDataplane {
    private let original: any IPSetDataplane
    private let notes: RehearsalNotes
    private var created: [String: IPSetDefinition] = [:]

    init(original: any IPSetDataplane, notes: RehearsalNotes) {
        self.original = original
        self.notes = notes
    }

    func definition(ofSetNamed name: String) throws(DataplaneError) -> IPSetDefinition? {
        if let set = created[name] { return set }
        return try original.definition(ofSetNamed: name)
    }

    func readMembers(
        _ reading: inout KernelReading<NamedSet>,
        _ body: (IPSetEntry) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        guard let set = created[reading.subject.name] else { return try original.readMembers(&reading, body) }
        reading.subject.found = ObservedSet(set)
        return .complete
    }

    func create(_ set: IPSetDefinition) {
        created[set.name] = set
        var change = RehearsedChange(.set, "create set \(set.name) of type \(set.type.rawValue)")
        (change.effect, change.family, change.setName) = (.add, set.family, set.name)
        notes.note(change)
    }

    func swap(_ first: String, _ second: String) {
        notes.note(.set, "swap sets \(first) and \(second)")
    }

    func destroy(_ name: String) {
        created[name] = nil
        notes.note(.set, "destroy set \(name)")
    }

    func destroyReleased(_ name: String) { destroy(name) }

    func destroyIfPresent(_ name: String) throws(DataplaneError) -> Bool {
        if created[name] == nil {
            var reading = KernelReading(of: NamedSet(name))
            _ = try original.readMembers(&reading) { _ in }
            guard reading.subject.found != nil else { return false }
        }
        destroy(name)
        return true
    }

    func apply(_ changes: [IPSetChange]) -> [RefusedChange<IPSetChange>] {
        for change in changes { notes.note(RehearsedChange(change)) }
        return []
    }
}

private final class RehearsedAddresses: AddressDataplane {
    private let original: any AddressDataplane
    private let notes: RehearsalNotes
    private var hasCreatedLink = false

    init(original: any AddressDataplane, notes: RehearsalNotes) {
        self.original = original
        self.notes = notes
    }

    func linkExists() throws(DataplaneError) -> Bool {
        if hasCreatedLink { return true }
        return try original.linkExists()
    }

    func createLink() {
        hasCreatedLink = true
        notes.note(.link, "create link \(DummyLink.name)")
    }

    func listAddresses(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        hasCreatedLink ? .complete : try original.listAddresses(&reading, body)
    }

    func listRoutes(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (LocalRoute) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try original.listRoutes(&reading, body)
    }

    func apply(_ changes: [AddressChange]) -> [RefusedChange<AddressChange>] {
        for change in changes { notes.note(RehearsedChange(change)) }
        return []
    }
}

private final class RehearsedRules: RulesDataplane {
    private let original: any RulesDataplane
    private let notes: RehearsalNotes

    init(original: any RulesDataplane, notes: RehearsalNotes) {
        self.original = original
        self.notes = notes
    }

    var supportsRandomFully: Bool { original.supportsRandomFully }

    func fingerprint(_ family: IPFamily) -> RulesFingerprint? {
        original.fingerprint(family)
    }

    func save(_ family: IPFamily) async throws(DataplaneError) -> String {
        try await original.save(family)
    }

    func restore(_ input: String, _ family: IPFamily) {
        let table = family == .v4 ? "iptables-restore" : "ip6tables-restore"
        for line in input.split(separator: "\n") {
            notes.note(line.hasPrefix("-") ? .rule : .ruleInput, "\(table): \(line)")
        }
    }
}

private struct RehearsedSettings: SettingsDataplane {
    let original: any SettingsDataplane
    let notes: RehearsalNotes

    func read(_ setting: KernelSetting) throws(DataplaneError) -> String {
        try original.read(setting)
    }

    func write(_ value: String, to setting: KernelSetting) {
        notes.note(
            RehearsedChange(.setting, isOptional: !setting.isVital, "write \(value) to \(setting.key)"))
    }
}
