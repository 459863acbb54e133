/// One line of what a pass would write.
public struct RehearsedChange: Hashable, Sendable, CustomStringConvertible {
    /// What would be written to.
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        case setting
        case link
        case set
        case setEntry
        /// A rule that is put in or taken out.
        case rule
        /// What stands around rules in the input of `iptables-restore`: tables, chains, the end.
        case ruleInput
        case virtualServer
        case realServer
        case address

        /// Whether a line of it is a change that counts.
        public var counts: Bool { self != .ruleInput }
    }

    public var kind: Kind
    public var description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
