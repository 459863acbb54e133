// SPDX-License-Identifier: GPL-2.0-or-later
public import Reconcile

/// What a cleanup has removed, and what it could not.
public struct CleanupReport: Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        case link
        case address
        case route = "local route"
        case virtualServer = "virtual server"
        case jump
        case chain
        case set
    }

    /// What has gone; in a rehearsal, what would go.
    public private(set) var removed: [Kind: Int] = [:]
    /// What would go, each object by its name; empty unless this is a rehearsal.
    public private(set) var rehearsed: [String] = []
    /// What an operator should know beside.
    public var notes: [String] = []
    /// Parts that were not, or not wholly, cleaned up. The others were.
    public var failures: [DataplaneError] = []

    private let isRehearsal: Bool

    /// - Parameter isRehearsal: whether nothing is removed.
    public init(isRehearsal: Bool = false) {
        self.isRehearsal = isRehearsal
    }

    mutating func count(_ kind: Kind, _ count: Int = 1) {
        guard count > 0 else { return }
        removed[kind, default: 0] += count
    }

    /// Counts an object that would go, and keeps its name.
    mutating func rehearse(_ kind: Kind, _ name: String) {
        count(kind)
        rehearsed.append("\(kind.rawValue) \(name)")
    }

    /// One line for each kind of which something was removed, and for each note; in a rehearsal first one for each object that
    /// has a name.
    public var lines: [String] {
        let verb = isRehearsal ? "would remove" : "removed"
        let counts = Kind.allCases.compactMap { kind in
            removed[kind].map { "\(verb) \($0) \(kind.rawValue)\($0 == 1 ? "" : kind == .address ? "es" : "s")" }
        }
        return rehearsed.map { "would remove \($0)" }
            + (counts.isEmpty && failures.isEmpty ? ["nothing to remove"] : counts) + notes
    }

    /// One line for each failure.
    public var failureLines: [String] {
        failures.map { "\($0.part.rawValue): \($0)" }
    }
}
