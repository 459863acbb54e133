// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// How much of the kernel's state a pass looks at.
public enum PassMode: Hashable, Sendable {
    /// Brings what has changed since the last pass to the kernel. Costs the change.
    case changes
    /// Reads everything, and mends whatever differs from what is desired. Costs the table.
    case verify
    /// Looks at the rules of iptables, and writes them where they differ. It goes beside the passes of the other modes.
    case rules
}

/// The kinds of kernel object that a pass changes, as a bounded set: for metric labels.
public enum ObjectKind: String, CaseIterable, Hashable, Sendable {
    case virtualServer = "virtual_server"
    case realServer = "real_server"
    case set
    case setEntry = "set_entry"
    case link
    case address
    /// The local route of a virtual IP.
    case route
    case rules
    case sysctl
}

/// An object that the kernel would not change.
public struct Refusal: Hashable, Sendable {
    public var kind: ObjectKind
    /// The object and what was attempted, for a person.
    public var attempt: String
    public var error: DataplaneError

    public init(kind: ObjectKind, attempt: String, error: DataplaneError) {
        self.kind = kind
        self.attempt = attempt
        self.error = error
    }
}

/// What one pass over one family did.
public struct PassReport: Sendable {
    public var family: IPFamily
    public var mode: PassMode
    /// Objects written, refused ones not counted.
    public var applied: [ObjectKind: Int] = [:]
    /// Whether all has been read before. Until then, what differs is what was left over, and no drift.
    var followsReading = true
    /// Objects that differed without a change of what is wanted: another program changed them.
    public var drift: [ObjectKind: Int] = [:]
    /// Some of those by their names, for a person: no more than `mostNamed`.
    public private(set) var driftNames: [String] = []
    /// So many names a line of the log has room for.
    public static var mostNamed: Int { 20 }
    /// Removed real servers that keep their connections for now.
    public var draining = 0
    /// What looking for stale flows came to; `nil` when the pass did not look.
    public var conntrack: ConntrackSweep?
    /// What the kernel refused in this pass.
    public var refusals: [Refusal] = []
    /// All that the kernel has refused and not taken since, at the end of the pass.
    public var standing = RefusedObjects()
    /// The kernel's counters of the virtual servers that are wanted, where `FamilyReconciler.collectsStatistics` asked for
    /// them and the pass has read them.
    public var statistics: [VirtualServer.ID: TrafficStatistics]?
    /// Rules of others that were put before our jumps again after those had been moved: to be said once.
    public var newlyContested: [PrecedingRule] = []
    /// How many of our jumps that happens to; `nil` when the pass kept no rules.
    public var contestedJumps: Int?
    /// Parts of the data plane that could not be read or written at all.
    public var failures: [DataplaneError] = []

    public init(family: IPFamily, mode: PassMode) {
        self.family = family
        self.mode = mode
    }

    /// Whether the kernel now holds what is desired.
    public var isComplete: Bool { refusals.isEmpty && standing.isEmpty && failures.isEmpty }

    /// Whether the pass sent the kernel nothing but reads.
    public var wroteNothing: Bool { applied.isEmpty && refusals.isEmpty }

    /// How many objects were written.
    public var written: Int { applied.values.reduce(0, +) }

    mutating func count(_ kind: ObjectKind, _ count: Int = 1) {
        guard count > 0 else { return }
        applied[kind, default: 0] += count
    }

    /// Settings of the kernel that are not as they should be and cannot be written; `nil` when the pass did not look.
    ///
    /// They are none of `failures`: the data plane serves, and trying again sooner would change nothing. A daemon without
    /// privileges, as in the DaemonSet, can only tell of them.
    public var degradedSettings: [DegradedSetting]?

    /// Adds what was found about the kernel's settings, which belong to no family and are looked at with one.
    public mutating func add(_ settings: SettingsReport) {
        count(.sysctl, settings.written.count)
        noteDrift(.sysctl, settings.written) { "setting \($0)" }
        degradedSettings = settings.degraded
    }

    /// Whether the kernel refused a change because it holds something else than was known: no such object, or one that is
    /// there already. A reading tells what it holds. A scheduler that the kernel lacks has one of these numbers too.
    public var contradictsMirror: Bool {
        // ENOENT, ESRCH and EEXIST.
        refusals.contains { [2, 3, 17].contains($0.error.number) }
    }

    /// Adds what a further part of the pass came to.
    mutating func add(_ part: PassReport) {
        applied.merge(part.applied, uniquingKeysWith: +)
        drift.merge(part.drift, uniquingKeysWith: +)
        driftNames += part.driftNames.prefix(Self.mostNamed - driftNames.count)
        refusals += part.refusals
        failures += part.failures
        newlyContested += part.newlyContested
        contestedJumps = part.contestedJumps ?? contestedJumps
        guard part.mode != .rules else { return }
        draining = part.draining
        standing = part.standing
        if let sweep = part.conntrack { add(sweep) }
    }

    mutating func add(_ sweep: ConntrackSweep) {
        var total = conntrack ?? ConntrackSweep()
        total += sweep
        conntrack = total
    }

    /// Counts objects that differ from what was known, if all has been read before.
    mutating func countDrift<Object>(
        _ kind: ObjectKind,
        _ objects: some Collection<Object>,
        name: (Object) -> String
    ) {
        guard followsReading else { return }
        noteDrift(kind, objects, name: name)
    }

    private mutating func noteDrift<Object>(
        _ kind: ObjectKind,
        _ objects: some Collection<Object>,
        name: (Object) -> String
    ) {
        guard !objects.isEmpty else { return }
        drift[kind, default: 0] += objects.count
        driftNames += objects.prefix(Self.mostNamed - driftNames.count).map(name)
    }
}
