import Addressing
import DataplaneModel

extension FamilyReconciler {
    /// Virtual servers that one step of a verifying pass looks up among those that were listed.
    private static var candidatesPerStep: Int { 2048 }

    /// Whether a verifying pass is under way.
    public var isVerifying: Bool { verification != nil }

    /// Whether passes of mode `changes` have something to go by: from the first verifying pass on, once that knows what there is
    /// of virtual servers and sets, and what is left is to bind addresses. The kernel takes a minute for 50,000 of those.
    public var takesChanges: Bool {
        hasEndedVerifying || verification.map { $0.phase >= .addresses } ?? false
    }

    /// Begins a verifying pass. Until `continueVerifying` says that it has ended, passes of mode `changes` may be made
    /// between its steps.
    ///
    /// - Parameter listing: shared with the other family's pass that begins now.
    public mutating func beginVerifying(sharing listing: VirtualServerListing? = nil) {
        // What has changed from here on is noted by name.
        pending.isEverything = false
        // Their reason may be among what this pass mends, such as a set that was gone.
        pending.virtualServers.formUnion(refusedServers.names)
        addresses.beginVerifying()
        flows.beginVerifying()
        sets.beginVerifying()
        verification = Verification(
            newReport(.verify),
            listing ?? VirtualServerListing(keepsStatistics: collectsStatistics)
        )
    }

    /// Goes one step further in the verifying pass that is under way: reads a part of the kernel's state, and mends what
    /// differs. What is to go is removed after all that.
    ///
    /// The order is that of all passes: sets, virtual servers with their real servers, addresses, removals. Now and then a look
    /// through all tracked flows follows. Rules that may not be in place are noted as pending when the sets are there.
    ///
    /// A step suspends only where rules have to be changed so that a set can be replaced.
    ///
    /// - Returns: the report of the whole pass when it has ended; `nil` when there is more to do.
    public mutating func continueVerifying(
        at now: ContinuousClock.Instant,
        on dataplane: Dataplane
    ) async -> PassReport? {
        guard var step = verification else { return nil }
        passTime = now
        takeTouched()
        // Taken out, so that it is changed in place, and what it writes itself is not noted as written meanwhile.
        verification = nil
        switch step.phase {
        case .sets:
            do throws(DataplaneError) {
                let rulesAreFree = rulesBackoff.retry == nil && !rulesAreUnderWay
                try await sets.verifyNext(
                    desired, at: now, on: dataplane, rulesAreFree: rulesAreFree, &step.report)
            } catch {
                step.noteUnread(error)
            }
            if sets.takeTouchedRules() { pending.rules = true }
            if !sets.isVerifying { step.phase = .rules }
        case .rules:
            let closedServers = desired.serversClosedToNode
            if !rules.areKnownInPlace(closedServers: closedServers, on: dataplane.rules) {
                pending.rules = true
                // As all that was refused: this pass may have mended the reason, such as a set that was gone.
                rulesBackoff.waive()
            }
            step.phase = .listing
        case .listing:
            listVirtualServers(&step, dataplane.ipvs)
        case .virtualServers:
            verifyNextVirtualServers(&step, dataplane.ipvs, now)
        case .addresses where !hasTriedRules:
            break
        case .addresses:
            do throws(DataplaneError) {
                try addresses.verifyNext(desired, at: now, on: dataplane.addresses, &step.report)
            } catch {
                step.noteUnread(error)
            }
            if !addresses.isVerifying { step.phase = .removals }
        case .removals:
            removeWhatIsUnwanted(dataplane, now, &step.report)
            step.phase = dataplane.conntrack != nil && flows.isSweepDue(desired, at: now) ? .flows : .conclusion
        case .flows:
            if let conntrack = dataplane.conntrack,
                flows.verifyNext(desired, at: now, on: conntrack, &step.report)
            {
                break
            }
            step.phase = .conclusion
        case .conclusion:
            return end(step)
        }
        verification = step
        return nil
    }

    private mutating func end(_ step: Verification) -> PassReport {
        hasEndedVerifying = true
        hasReadKernel = hasReadKernel || step.hasReadAll
        var report = step.report
        report.standing = refused
        report.statistics = collectsStatistics ? step.statistics : nil
        return report
    }

    // MARK: Virtual servers

    private mutating func listVirtualServers(_ step: inout Verification, _ dataplane: any IPVSDataplane) {
        let count = desired.virtualServerIDs.count
        do throws(DataplaneError) {
            guard let listed = try step.listing.takeNext(family, expecting: count, from: dataplane) else { return }
            step.listed = listed[...]
        } catch {
            step.noteUnread(error)
            step.phase = .addresses
            return
        }
        if mirror.ipvs == nil {
            var table = IPVSTable()
            table.entries.reserveCapacity(count)
            step.table = table
        }
        step.listedIDs = []
        step.listedIDs.reserveCapacity(step.listed.count)
        step.unlisted = nil
        step.phase = .virtualServers
    }

    private mutating func verifyNextVirtualServers(
        _ step: inout Verification,
        _ dataplane: any IPVSDataplane,
        _ now: ContinuousClock.Instant
    ) {
        guard mirror.ipvs != nil || step.table != nil else {
            // A pass has broken off in between, so that nothing is known any more.
            step.phase = .listing
            return
        }
        do throws(DataplaneError) {
            if !step.listed.isEmpty {
                try readListed(&step, dataplane)
            } else if step.unlisted?.isEmpty != true {
                try readUnlisted(&step, dataplane)
            }
        } catch {
            step.noteUnread(error)
            step.phase = .addresses
            return
        }
        let hasReadAll = step.listed.isEmpty && step.unlisted?.isEmpty == true
        if hasReadAll, let table = step.table {
            // What was wanted while the table was read is to be written too.
            mirror.ipvs = table
            step.table = nil
            step.unwritten =
                (step.foundNone ? Array(desired.virtualServerIDs) : Array(pending.virtualServers)).sorted()[...]
        }
        guard mirror.ipvs != nil else { return }
        if !updateVirtualServers(&step.unwritten, dataplane, now, &step.report)
            || (hasReadAll && step.unwritten.isEmpty)
        {
            step.phase = .addresses
        }
    }

    private mutating func readListed(
        _ step: inout Verification,
        _ dataplane: any IPVSDataplane
    ) throws(DataplaneError) {
        var realServerCount = 0
        for _ in 0..<virtualServersPerReading {
            // One with very many real servers is read in one piece, but not many of them in one step.
            guard realServerCount < Self.changesPerBatch, let item = step.listed.popFirst() else { return }
            let id = item.id
            guard step.listedIDs.insert(id).inserted, desired[id] != nil || !isExcluded(id) else { continue }
            if step.writtenMeanwhile.contains(id) {
                compare(id, try dataplane.virtualServer(id), &step)
            } else if let realServers = try dataplane.realServers(of: id) {
                realServerCount += realServers.count
                let observed = ObservedVirtualServer(
                    identity: .address(id),
                    configuration: item.configuration,
                    statistics: step.listing.takeStatistics(of: id) ?? TrafficStatistics(),
                    realServers: realServers
                )
                compare(id, observed, &step)
            } else {
                compare(id, nil, &step)
            }
        }
    }

    /// The kernel's listing may lack virtual servers that are there: each is asked for before it counts as gone. Where nothing
    /// was listed at all, and nothing known, there is no need to.
    private mutating func readUnlisted(
        _ step: inout Verification,
        _ dataplane: any IPVSDataplane
    ) throws(DataplaneError) {
        guard var candidates = step.unlisted else {
            step.foundNone = step.table != nil && step.listedIDs.isEmpty
            if let known = mirror.ipvs {
                // What is wanted and not known is pending.
                step.unlisted = (Array(known.entries.keys) + pending.virtualServers)[...]
            } else {
                step.unlisted = step.foundNone ? [] : Array(desired.virtualServerIDs)[...]
            }
            return
        }
        step.unlisted = nil
        defer { step.unlisted = candidates }
        var asked = 0
        for id in candidates.prefix(Self.candidatesPerStep) {
            candidates.removeFirst()
            guard step.listedIDs.insert(id).inserted else { continue }
            compare(id, try dataplane.virtualServer(id), &step)
            asked += 1
            if asked == virtualServersPerReading { return }
        }
    }

    /// Takes a virtual server as it was just read into the mirror, and notes whether it differs from what is desired.
    private mutating func compare(
        _ id: VirtualServer.ID,
        _ observed: ObservedVirtualServer?,
        _ step: inout Verification
    ) {
        let wanted = desired[id]
        var entry = observed.map { IPVSTable.Entry($0) }
        if wanted != nil, collectsStatistics {
            step.statistics[id] = observed?.statistics
        }
        let wasRefused = refusedServers.contains(id) && step.table == nil
        // What the kernel refused is as it was left; if not, somebody else changed it too.
        let isDamaged = wasRefused && mirror.ipvs?[id] != entry
        var isDifferent = false
        if let found = entry {
            if found == wanted {
                // Shares the storage of the real servers instead of keeping a second copy.
                entry = wanted
            } else {
                isDifferent = withoutDraining(found, of: id) != wanted
            }
        } else {
            isDifferent = wanted != nil
        }
        if step.table != nil {
            step.table?[id] = entry
        } else {
            mirror.ipvs?[id] = entry
        }
        guard isDifferent else { return noteDone(id) }
        let isNew = pending.virtualServers.insert(id).inserted
        if isNew && !wasRefused || isDamaged { step.report.countDrift(.virtualServer, 1) }
        if wanted != nil { step.unwritten.append(id) }
    }

    private func isExcluded(_ id: VirtualServer.ID) -> Bool {
        excludedNetworks.contains { $0.contains(id.address) }
    }
}

extension Verification {
    /// Notes that a part could not be read. One sentence for a part, not one for each of its seventeen sets.
    mutating func noteUnread(_ error: DataplaneError) {
        hasReadAll = false
        if !report.failures.contains(where: { $0.part == error.part && $0.number == error.number }) {
            report.failures.append(error)
        }
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
