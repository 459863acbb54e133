// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel

/// The kernel's sets of one network namespace.
public protocol IPSetDataplane: AnyObject {
    /// The set of that name as the kernel has it; `nil` when there is none.
    ///
    /// - Throws: also when it is none that could be one of ours.
    func definition(ofSetNamed name: String) throws(DataplaneError) -> IPSetDefinition?

    /// Hands over the next part of a set's members. What comes or goes meanwhile may be in it or not.
    ///
    /// The reading lapses when its set is swapped or destroyed. Of a set whose type is not among `IPSetType` no members are
    /// handed over.
    func readMembers(
        _ reading: inout KernelReading<NamedSet>,
        _ body: (IPSetEntry) -> Void
    ) throws(DataplaneError) -> ReadingProgress

    /// Makes an empty set. Refused if the name is taken.
    func create(_ set: IPSetDefinition) throws(DataplaneError)

    /// Exchanges the contents of two sets of one type; rules that match on a name see the other's members at once.
    func swap(_ first: String, _ second: String) throws(DataplaneError)

    /// Removes a set. Refused while a rule refers to it.
    func destroy(_ name: String) throws(DataplaneError)

    /// Removes a set that rules referred to until now. The kernel may let go of it only a while after the rules are gone: that is
    /// waited for.
    func destroyReleased(_ name: String) throws(DataplaneError)

    /// Removes a set, whatever its type is; that it is not there is no failure.
    ///
    /// - Returns: whether it was there.
    func destroyIfPresent(_ name: String) throws(DataplaneError) -> Bool

    /// Carries the changes out in order. Adding what is there and removing what is not is no failure.
    ///
    /// - Returns: the changes that the kernel refused. Every other one took effect.
    func apply(_ changes: [IPSetChange]) throws(DataplaneError) -> [RefusedChange<IPSetChange>]
}

extension IPSetDataplane {
    /// The set of that name, with those of its members that could be in one of ours; `nil` when there is none.
    public func contents(ofSetNamed name: String) throws(DataplaneError) -> (ObservedSet, Set<IPSetEntry>)? {
        var members: Set<IPSetEntry> = []
        var reading = KernelReading(of: NamedSet(name))
        while true {
            switch try readMembers(&reading, { members.insert($0) }) {
            case .more: continue
            case .complete: return reading.subject.found.map { ($0, members) }
            case .lapsed: throw DataplaneError(part: .ipset, explanation: "the reading of the set \(name) was ended")
            }
        }
    }
}

/// A set that is read by its name.
public struct NamedSet: Hashable, Sendable {
    public let name: String
    /// The set as far as it has been read; `nil` before the first part, and when there is no set of that name.
    public var found: ObservedSet?

    public init(_ name: String) {
        self.name = name
    }
}
