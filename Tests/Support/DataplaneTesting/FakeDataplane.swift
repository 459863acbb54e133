// SPDX-License-Identifier: GPL-2.0-or-later
public import Reconcile

/// The fakes of all parts, with one journal of what was changed, in order.
public final class FakeDataplane {
    /// Every change that took effect, in order: `ipvs …`, `ipset …`, `address …`, `route …`, `rules …`, `flow …`.
    public var journal: [String] { record.lines }

    public let ipvs: FakeIPVS
    public let sets: FakeIPSet
    public let addresses: FakeAddresses
    public let rules: FakeRules
    public let conntrack: FakeConntrack

    private final class Record {
        var lines: [String] = []
    }

    private let record: Record

    public init() {
        let record = Record()
        self.record = record
        let note: (String) -> Void = { record.lines.append($0) }
        ipvs = FakeIPVS(onChange: note)
        sets = FakeIPSet(onChange: note)
        addresses = FakeAddresses(onChange: note)
        rules = FakeRules(onChange: note)
        conntrack = FakeConntrack(onChange: note)
        sets.ruleReferences = { [rules] in rules.count(containing: "--match-set \($0) ") }
    }

    public func clearJournal() {
        record.lines = []
    }

    public var dataplane: Dataplane {
        Dataplane(ipvs: ipvs, sets: sets, addresses: addresses, rules: rules, conntrack: conntrack)
    }
}
