public import Reconcile

/// What a cleanup has removed, and what it could not.
public struct CleanupReport: Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        case link
        case address
        case virtualServer = "virtual server"
        case jump
        case chain
        case set
    }

    public private(set) var removed: [Kind: Int] = [:]
    /// What an operator should know beside.
    public var notes: [String] = []
    /// Parts that were not, or not wholly, cleaned up. The others were.
    public var failures: [DataplaneError] = []

    public init() {}

    mutating func count(_ kind: Kind, _ count: Int = 1) {
        guard count > 0 else { return }
        removed[kind, default: 0] += count
    }

    /// One line for each kind of which something was removed, and for each note.
    public var lines: [String] {
        let counts = Kind.allCases.compactMap { kind in
            removed[kind].map { "removed \($0) \(kind.rawValue)\($0 == 1 ? "" : kind == .address ? "es" : "s")" }
        }
        return (counts.isEmpty && failures.isEmpty ? ["nothing to remove"] : counts) + notes
    }

    /// One line for each failure.
    public var failureLines: [String] {
        failures.map { "\($0.part.rawValue): \($0)" }
    }
}
