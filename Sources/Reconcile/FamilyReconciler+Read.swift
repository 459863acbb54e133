import Addressing
import DataplaneModel

extension FamilyReconciler {
    /// Reads the addresses, creates the link where it is missing, and notes every difference as pending.
    mutating func readAddresses(
        _ dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
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
        var different = bound.filter { !desired.contains($0) }
        different.formUnion(desired.addresses.lazy.filter { !bound.contains($0) })
        if hasVerified {
            report.countDrift(.address, different.subtracting(pending.addresses).count)
        }
        pending.addresses = different
        addressesAreSuspect = false
    }

    /// Reads a set, creates it where it is missing, and notes every difference as pending.
    ///
    /// A set that cannot be read keeps what is pending for it.
    mutating func readSet(
        _ set: ServiceSet,
        _ dataplane: any IPSetDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        let wasKnown = mirror.sets.removeValue(forKey: set) != nil
        let definition: IPSetDefinition
        if let found = try dataplane.definition(ofSetNamed: set.name(for: family)) {
            guard found.type == set.type, found.family == family || set.type == .bitmapPort else {
                throw DataplaneError(
                    part: .ipset,
                    explanation: "set \(found.name) exists as \(found.type.rawValue) for \(found.family), and "
                        + "\(set.type.rawValue) for \(family) is needed: remove it, and the rules that match on it"
                )
            }
            definition = found
        } else {
            definition = IPSetDefinition(set, family)
            try dataplane.create(definition)
            report.count(.set)
            if hasVerified, wasKnown {
                report.countDrift(.set, 1)
            }
        }

        let members = try dataplane.members(of: definition)
        mirror.sets[set] = Mirror.SetMirror(definition: definition, members: members)

        var different = members.filter { !desired.contains($0, in: set) }
        for entry in desired.entries(of: set) where !members.contains(entry) {
            different.insert(entry)
        }
        if hasVerified {
            report.countDrift(.setEntry, different.count { !pending.setEntries[set].contains($0) })
        }
        pending.setEntries[set] = different
    }
}
