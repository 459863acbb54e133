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

    /// What becomes of the object.
    public enum Effect: Hashable, Sendable {
        case add
        case edit
        case remove
    }

    public var kind: Kind
    public var effect = Effect.edit
    /// `nil` for what belongs to no family.
    public var family: IPFamily?
    /// `nil` for what the whole node needs.
    public var subject: Subject?
    /// The one of the virtual server that is the subject; `nil` for other kinds.
    public var realServer: RealServer.ID?
    /// The name of the set that it is about.
    public var setName: String?
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
        family = change.virtualServer.family
        switch change {
        case .addVirtualServer: effect = .add
        case .editVirtualServer: effect = .edit
        case .removeVirtualServer: effect = .remove
        case .addRealServer(let server, to: _): (effect, realServer) = (.add, server.id)
        case .editRealServer(let server, of: _): (effect, realServer) = (.edit, server.id)
        case .removeRealServer(let server, from: _): (effect, realServer) = (.remove, server)
        }
    }

    init(_ change: IPSetChange) {
        let set =
            switch change {
            case .add(_, to: let set), .remove(_, from: let set): set.name
            }
        self.init(.setEntry, of: .setEntry(change.entry, set: set), change.description)
        setName = set
        switch change {
        case .add(_, to: let set): (effect, family) = (.add, set.family)
        case .remove(_, from: let set): (effect, family) = (.remove, set.family)
        }
    }

    init(_ change: AddressChange) {
        self.init(change.concernsRoute ? .route : .address, of: .address(change.address), change.description)
        family = change.family
        switch change {
        case .bind, .addRoute: effect = .add
        case .unbind, .removeStray, .removeRoute, .removeStrayRoute: effect = .remove
        }
    }
}
