import Addressing
import DataplaneModel

extension FamilyReconciler {
    /// Reads all parts, creates the link and the sets where they are missing, and notes every difference as pending.
    ///
    /// A part that cannot be read is reported, and keeps what is pending for it; the others go on.
    mutating func readEverything(_ dataplane: Dataplane, _ report: inout PassReport) {
        let known = hasVerified ? pending : nil
        read(.addresses, &report) { (reconciler, report) throws(DataplaneError) in
            try reconciler.readAddresses(dataplane.addresses, known, &report)
        }
        readSets(dataplane.sets, known, &report)
        read(.ipvs, &report) { (reconciler, report) throws(DataplaneError) in
            try reconciler.readVirtualServers(dataplane.ipvs, known, &report)
        }
        hasVerified = hasVerified || report.failures.isEmpty
    }

    /// Reads the addresses alone.
    mutating func readAddresses(_ dataplane: Dataplane, _ report: inout PassReport) {
        let known = pending
        read(.addresses, &report) { (reconciler, report) throws(DataplaneError) in
            try reconciler.readAddresses(dataplane.addresses, known, &report)
        }
    }

    private mutating func read(
        _ part: DataplaneError.Part,
        _ report: inout PassReport,
        _ body: (inout Self, inout PassReport) throws(DataplaneError) -> Void
    ) {
        do throws(DataplaneError) {
            try body(&self, &report)
        } catch {
            // One sentence for a part, not one for each of its seventeen sets.
            if !report.failures.contains(where: { $0.part == part && $0.number == error.number }) {
                report.failures.append(error)
            }
        }
    }

    private mutating func readAddresses(
        _ dataplane: any AddressDataplane,
        _ known: TouchedObjects?,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        mirror.addresses = nil
        if try !dataplane.linkExists() {
            try dataplane.createLink()
            report.count(.link)
            if known != nil, mirror.linkExists {
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
        if let known {
            report.countDrift(.address, different.subtracting(known.addresses).count)
        }
        pending.addresses = different
        addressesAreSuspect = false
    }

    private mutating func readSets(
        _ dataplane: any IPSetDataplane,
        _ known: TouchedObjects?,
        _ report: inout PassReport
    ) {
        var different: Set<SetMembership> = []
        var unread: Set<ServiceSet> = []
        for set in ServiceSet.allCases {
            unread.insert(set)
            read(.ipset, &report) { (reconciler, report) throws(DataplaneError) in
                try reconciler.readSet(set, dataplane, &different, &report)
                unread.remove(set)
            }
        }
        if let known {
            report.countDrift(.setEntry, different.count { !known.setEntries.contains($0) })
        }
        if !unread.isEmpty {
            different.formUnion(pending.setEntries.lazy.filter { unread.contains($0.set) })
        }
        pending.setEntries = different
    }

    /// - Parameter different: gets what the set has too many or too few.
    private mutating func readSet(
        _ set: ServiceSet,
        _ dataplane: any IPSetDataplane,
        _ different: inout Set<SetMembership>,
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

        for entry in members where !desired.contains(entry, in: set) {
            different.insert(SetMembership(set, entry))
        }
        for entry in desired.entries(of: set) where !members.contains(entry) {
            different.insert(SetMembership(set, entry))
        }
    }

    private mutating func readVirtualServers(
        _ dataplane: any IPVSDataplane,
        _ known: TouchedObjects?,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        mirror.ipvs = nil
        var table = IPVSTable()
        table.entries.reserveCapacity(desired.virtualServerIDs.count)
        var different: Set<VirtualServer.ID> = []
        var statistics: [VirtualServer.ID: TrafficStatistics] = [:]
        try dataplane.forEachVirtualServer(of: family) { observed in
            guard case .address(let id) = observed.identity else { return }
            let wanted = desired[id]
            if collectsStatistics, wanted != nil {
                statistics[id] = observed.statistics
            }
            guard wanted != nil || !isExcluded(id) else { return }
            var entry = IPVSTable.Entry(observed)
            if let wanted {
                if entry == wanted {
                    // Shares the storage of the real servers instead of keeping a second copy.
                    entry = wanted
                } else if withoutDraining(entry, of: id) != wanted {
                    different.insert(id)
                }
            } else {
                different.insert(id)
            }
            table[id] = entry
        }
        for id in desired.virtualServerIDs where table[id] == nil {
            different.insert(id)
        }
        if let known {
            report.countDrift(.virtualServer, different.subtracting(known.virtualServers).count)
        }
        pending.virtualServers = different
        mirror.ipvs = table
        report.statistics = collectsStatistics ? statistics : nil
    }

    private func isExcluded(_ id: VirtualServer.ID) -> Bool {
        excludedNetworks.contains { $0.contains(id.address) }
    }
}

extension IPVSTable.Entry {
    /// The part of a dumped virtual server that is configuration.
    init(_ observed: ObservedVirtualServer) {
        var configuration = observed.configuration
        configuration.flags.remove(.hashed)
        self.init(
            configuration: configuration,
            realServers: observed.realServers.map(\.realServer).sorted { $0.id < $1.id }
        )
    }
}
