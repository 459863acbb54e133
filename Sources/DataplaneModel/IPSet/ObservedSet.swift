// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// A set as the kernel describes it, whichever program made it.
public struct ObservedSet: Hashable, Sendable {
    public var name: String
    /// Such as `hash:ip,port`.
    public var typeName: String
    /// `nil` for types that have none.
    public var family: IPFamily?
    /// How many members it takes; `nil` for types that do not say.
    public var maximumElements: UInt32?
    /// The ports that a bitmap has room for.
    public var ports: ClosedRange<UInt16>?
    /// Options that no set of ours has, in the words of `ipset create`.
    public var foreignOptions: [String] = []
    /// Whether it has members that none of ours can have: of another protocol than those of Service ports, or exceptions
    /// (`nomatch`). Known as far as members have been read.
    public var hasForeignMembers = false
    /// How many rules and sets of sets refer to it.
    public var references: UInt32 = 0

    public init(
        name: String,
        typeName: String,
        family: IPFamily? = nil,
        maximumElements: UInt32? = nil,
        ports: ClosedRange<UInt16>? = nil,
        foreignOptions: [String] = [],
        hasForeignMembers: Bool = false,
        references: UInt32 = 0
    ) {
        self.name = name
        self.typeName = typeName
        self.family = family
        self.maximumElements = maximumElements
        self.ports = ports
        self.foreignOptions = foreignOptions
        self.hasForeignMembers = hasForeignMembers
        self.references = references
    }

    /// One of ours, as the kernel describes it.
    public init(_ set: IPSetDefinition, references: UInt32 = 0) {
        let isBitmap = set.type == .bitmapPort
        self.init(
            name: set.name,
            typeName: set.type.rawValue,
            family: isBitmap ? nil : set.family,
            maximumElements: isBitmap ? nil : set.maximumElements,
            ports: isBitmap ? 0...UInt16.max : nil,
            references: references
        )
    }

    /// Whether the kernel exchanges it with that set, so that rules which match on the one see the other at once. It takes some
    /// more pairs for alike (`ip_set_swap` in `net/netfilter/ipset/ip_set_core.c`).
    public func isOfKind(_ set: IPSetDefinition) -> Bool {
        typeName == set.type.rawValue && (family == set.family || set.type == .bitmapPort)
    }
}

extension IPSetDefinition {
    /// Why a set of the kernel cannot be used as one of ours.
    public struct Unusable: Error, Hashable, Sendable {
        /// For a person, such as `it has the type list:set`.
        public var reason: String
    }

    /// The set as one of ours.
    ///
    /// The kernel gives `bitmap:port` sets neither a family nor a limit of members. The family follows from
    /// the name as `ServiceSet` makes it, and the limit is the default one.
    ///
    /// - Throws: for a type that is not among `IPSetType`, for foreign options and members, and for less than all ports.
    public init(_ observed: ObservedSet) throws(Unusable) {
        guard let type = IPSetType(rawValue: observed.typeName) else {
            throw Unusable(reason: "it has the type \(observed.typeName)")
        }
        if let option = observed.foreignOptions.first {
            throw Unusable(reason: "it has the option \(option)")
        }
        guard !observed.hasForeignMembers else {
            throw Unusable(reason: "it has members that no Service port can have")
        }
        if type == .bitmapPort {
            guard observed.ports == 0...UInt16.max else {
                let ports = observed.ports.map { " but \($0.lowerBound) to \($0.upperBound)" } ?? ""
                throw Unusable(reason: "it does not take all ports\(ports)")
            }
            self.init(name: observed.name, type: type, family: observed.name.hasPrefix("KUBE-6-") ? .v6 : .v4)
        } else {
            guard let family = observed.family, let maximumElements = observed.maximumElements else {
                throw Unusable(reason: "the kernel names no family or no maxelem for it")
            }
            self.init(name: observed.name, type: type, family: family, maximumElements: maximumElements)
        }
    }
}
