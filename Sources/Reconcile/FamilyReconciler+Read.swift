import Addressing
import DataplaneModel

extension FamilyReconciler {
    /// Reads the addresses, creates the link where it is missing, and notes as pending what is too many.
    ///
    /// - Returns: those that are missing.
    mutating func readAddresses(
        _ dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) -> [IPAddress] {
        let wasKnown = mirror.addresses != nil
        mirror.addresses = nil
        if try !dataplane.linkExists() {
            try dataplane.createLink()
            report.count(.link)
            if hasVerified, mirror.linkExists {
                report.countDrift(.link, 1)
            }
        }
        mirror.linkExists = true

        // Those that are to be bound again count as not bound.
        var bound = try dataplane.boundAddresses(of: family)
        bound.subtract(try dataplane.selectableAddresses(of: family).filter { desired.contains($0) })
        mirror.addresses = bound
        let surplus = bound.filter { !desired.contains($0) }
        let missing = desired.addresses.filter { !bound.contains($0) }
        if hasVerified, wasKnown {
            let known = pending.addresses
            report.countDrift(
                .address, surplus.count { !known.contains($0) } + missing.count { !known.contains($0) })
        }
        pending.addresses = surplus
        addressesAreSuspect = false
        return missing
    }

    /// Reads a set, creates it where it is missing, and notes as pending what is too many.
    ///
    /// A set that cannot be read keeps what is pending for it.
    ///
    /// - Returns: the entries that are missing.
    mutating func readSet(
        _ set: ServiceSet,
        _ dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) -> [IPSetEntry] {
        let wasKnown = mirror.sets.removeValue(forKey: set) != nil
        let definition: IPSetDefinition
        var members: Set<IPSetEntry> = []
        if let (found, entries) = try dataplane.contents(ofSetNamed: set.name(for: family)) {
            guard found.type == set.type, found.family == family || set.type == .bitmapPort else {
                throw DataplaneError(
                    part: .ipset,
                    explanation: "set \(found.name) exists as \(found.type.rawValue) for \(found.family), and "
                        + "\(set.type.rawValue) for \(family) is needed: remove it, and the rules that match on it"
                )
            }
            definition = found
            members = entries
        } else {
            definition = IPSetDefinition(set, family)
            try dataplane.create(definition)
            report.count(.set)
            if hasVerified, wasKnown {
                report.countDrift(.set, 1)
            }
        }

        mirror.sets[set] = Mirror.SetMirror(definition: definition, members: members)

        let surplus = members.filter { !desired.contains($0, in: set) }
        let missing = desired.entries(of: set).filter { !members.contains($0) }
        if hasVerified, wasKnown {
            let known = pending.setEntries[set]
            report.countDrift(
                .setEntry, surplus.count { !known.contains($0) } + missing.count { !known.contains($0) })
        }
        pending.setEntries[set] = surplus
        return missing
    }
}
