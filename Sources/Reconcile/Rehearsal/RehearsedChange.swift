// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

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
        case route

        /// Whether a line of it is a change that counts.
        public var counts: Bool { self != .ruleInput }
    }

    /// What a change is about that Services want, each for itself.
    public enum Subject: Hashable, Sendable {
        case virtualServer(VirtualServer.ID)
        /// The set by its name in the kernel.
        case setEntry(IPSetEntry, set: String)
        /// A virtual IP as an address or a local route.
        case address(IPAddress)
    }

    public var kind: Kind
    /// `nil` for what the whole node needs.
    public var subject: Subject?
    /// Whether Services work without it: so with most settings of the kernel.
    public var isOptional: Bool
    public var description: String

    public init(_ kind: Kind, of subject: Subject? = nil, isOptional: Bool = false, _ description: String) {
        self.kind = kind
        self.isOptional = isOptional
        self.subject = subject
        self.description = description
    }
}

extension RehearsedChange {
    init(_ change: IPVSChange) {
        let kind: Kind =
            switch change {
            case .addVirtualServer, .editVirtualServer, .removeVirtualServer: .virtualServer
            case .addRealServer, .editRealServer, .removeRealServer: .realServer
            }
        self.init(kind, of: .virtualServer(change.virtualServer), change.description)
    }

    init(_ change: IPSetChange) {
        let set =
            switch change {
            case .add(_, to: let set), .remove(_, from: let set): set.name
            }
        self.init(.setEntry, of: .setEntry(change.entry, set: set), change.description)
    }

    init(_ change: AddressChange) {
        self.init(change.concernsRoute ? .route : .address, of: .address(change.address), change.description)
    }
}
