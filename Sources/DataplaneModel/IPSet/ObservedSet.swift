public import Addressing

/// A set as the kernel describes it, whoever made it.
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
    /// Options that make a set lose or refuse members, or match differently, in the words of `ipset create`.
    public var foreignOptions: [String] = []

    public init(
        name: String,
        typeName: String,
        family: IPFamily? = nil,
        maximumElements: UInt32? = nil,
        ports: ClosedRange<UInt16>? = nil,
        foreignOptions: [String] = []
    ) {
        self.name = name
        self.typeName = typeName
        self.family = family
        self.maximumElements = maximumElements
        self.ports = ports
        self.foreignOptions = foreignOptions
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
    /// The kernel gives `bitmap:port` sets neither a family nor a number of members to stop at: the family follows from
    /// the name as `ServiceSet` makes it, the number is the default one.
    ///
    /// - Throws: for a type that is not among `IPSetType`, for foreign options, and for less than all ports.
    public init(_ observed: ObservedSet) throws(Unusable) {
        guard let type = IPSetType(rawValue: observed.typeName) else {
            throw Unusable(reason: "it has the type \(observed.typeName)")
        }
        if let option = observed.foreignOptions.first {
            throw Unusable(reason: "it has the option \(option)")
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
