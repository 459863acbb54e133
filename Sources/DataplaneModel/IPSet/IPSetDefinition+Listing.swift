import Addressing

extension IPSetDefinition {
    /// Why a set of the kernel cannot be used as one of ours.
    public struct Unusable: Error, Hashable, Sendable {
        /// For a person, such as `it has the type list:set`.
        public var reason: String
    }

    /// The set that ipset lists with this header (`ipset list -terse NAME`). The members after it are passed over.
    ///
    /// The kernel gives `bitmap:port` sets neither a family nor a number of members to stop at: the family follows from
    /// the name as `ServiceSet` makes it, the number is the default one.
    ///
    /// - Throws: for a type that is not among `IPSetType`, and for options that make a set lose or refuse members, or
    ///   match differently: a timeout, `forceadd`, a mask, or less than all ports.
    public init(listingHeader text: String) throws(Unusable) {
        var fields: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            guard line != "Members:" else { break }
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
        }
        guard let name = fields["Name"], let typeName = fields["Type"], let header = fields["Header"] else {
            throw Unusable(reason: "its listing has no name, type or header: \(text)")
        }
        guard let type = IPSetType(rawValue: String(typeName)) else {
            throw Unusable(reason: "it has the type \(typeName)")
        }

        let words = header.split(separator: " ")
        func value(of option: String) -> Substring? {
            words.firstIndex(of: Substring(option)).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
        }
        for option in ["timeout", "forceadd", "netmask", "bitmask"] where words.contains(Substring(option)) {
            throw Unusable(reason: "it has the option \(option)")
        }
        self.init(name: String(name), type: type, family: .v4)

        if type == .bitmapPort {
            guard value(of: "range") == "0-65535" else {
                throw Unusable(reason: "it does not take all ports: \(header)")
            }
            family = name.hasPrefix("KUBE-6-") ? .v6 : .v4
        } else {
            guard let maximum = value(of: "maxelem").flatMap({ UInt32($0) }) else {
                throw Unusable(reason: "its header names no maxelem: \(header)")
            }
            maximumElements = maximum
            // libipset leaves the family out where a type has only one.
            family = value(of: "family") == "inet6" ? .v6 : .v4
        }
    }
}
