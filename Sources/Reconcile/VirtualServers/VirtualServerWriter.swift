// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// What the kernel is known to hold of one family's virtual servers, and the writing of what is wanted otherwise.
struct VirtualServerWriter {
    typealias Instant = ContinuousClock.Instant

    var known = KnownServers()
    var unsettled = UnsettledObjects<VirtualServer.ID>()
    var drains: DrainList
    var ramps = RampList()
    /// Virtual servers that were read before it was known what is wanted of them, and have not been compared with it.
    var readAhead: Set<VirtualServer.ID> = []
    var parted = PartedServers()
    /// Whether the last pass has left something for another one, which need not wait.
    private(set) var hasMore = false
    /// Addresses of virtual servers for which the last pass had no time, and of which the kernel has nothing yet.
    private(set) var unservedAddresses: Set<IPAddress> = []

    /// How many changes to virtual and real servers are sent together, unless one virtual server alone needs more: some 2 ms of
    /// the kernel's time. It bounds the memory for a bulk load's changes, and how long an event waits for it.
    private static let changesPerBatch = 2048

    /// - Parameter gracefulTimeout: the longest time that a removed TCP real server keeps its connections.
    init(gracefulTimeout: Duration) {
        drains = DrainList(cap: gracefulTimeout)
    }

    /// Those that may differ from what is wanted.
    var pending: Set<VirtualServer.ID> { unsettled.pending }

    /// Those that the kernel has refused, or real servers of them.
    var refused: Refusals<VirtualServer.ID> { unsettled.refused }

    var drainingCount: Int { drains.count }

    func drainStarts(of id: VirtualServer.ID) -> [RealServer.ID: Instant] { drains.starts(of: id) }

    /// When the connections of draining real servers are to be counted; `nil` when none drains.
    var nextDrainPoll: Instant? {
        // Until they have been read again there is nothing to go by.
        known.isKnown ? drains.nextPoll : nil
    }

    mutating func take(_ touched: inout Set<VirtualServer.ID>) { unsettled.take(&touched) }

    mutating func beginPass(at now: Instant) {
        hasMore = false
        unservedAddresses = []
        unsettled.retryDue(at: now)
    }

    // MARK: Writing

    /// Adds and edits those that are wanted, the small ones first, and one part of a large one after them.
    mutating func writeWanted<Owner>(
        _ desired: DesiredState<Owner>, at now: Instant, on dataplane: any IPVSDataplane, _ report: inout PassReport
    ) {
        letWeightsRise(at: now, on: dataplane, &report)
        var ids = wantedBySize(desired)
        while !hasMore, !ids.isEmpty, update(&ids, desired, at: now, on: dataplane, &report) {}
        for id in ids where !known.contains(id) { unservedAddresses.insert(id.address) }
    }

    /// Virtual servers to be written, those with few changes first. Unwanted ones are not among them.
    private func wantedBySize<Owner>(_ desired: DesiredState<Owner>) -> ArraySlice<VirtualServer.ID> {
        var small: [VirtualServer.ID] = []
        var large: [VirtualServer.ID] = []
        for id in unsettled.pending {
            guard let wanted = desired[id] else { continue }
            // All that are wanted may be new, and all that are present may have to go.
            let changes = wanted.realServers.count + known.realServerCount(of: id)
            if changes > PartedServers.changesAtOnce { large.append(id) } else { small.append(id) }
        }
        return (small.sorted() + large.sorted())[...]
    }

    /// Adds and edits virtual servers, and changes their real servers. It takes as many of the first ones as make a
    /// batch off the list. Whole virtual servers go later, when their addresses no longer attract traffic.
    ///
    /// - Returns: whether it is known what took effect.
    mutating func update<Owner>(
        _ ids: inout ArraySlice<VirtualServer.ID>,
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: any IPVSDataplane,
        _ report: inout PassReport
    ) -> Bool {
        guard known.isKnown else { return false }
        // With their entries: each look into the tables costs, and at the start all servers are wanted.
        var batch: [(id: VirtualServer.ID, entry: IPVSTable.Entry)] = []
        var changes: [IPVSChange] = []
        // Arrays that grow move, again and again.
        let usual = 1 + desired.realServerCount / max(1, desired.virtualServerIDs.count)
        batch.reserveCapacity(min(ids.count, 1 + Self.changesPerBatch / usual))
        changes.reserveCapacity(min(ids.count * usual, Self.changesPerBatch + usual))
        var size = 0
        while size < Self.changesPerBatch, let id = ids.popFirst() {
            guard let (wanted, slowStart) = desired.entry(of: id) else { continue }
            let entry = risen(wanted, of: id, over: slowStart, at: now)
            let start = changes.count
            known.table.appendChanges(toReach: entry, of: id, to: &changes)
            if changes.count - start > PartedServers.changesAtOnce {
                guard batch.isEmpty else {
                    // It begins the next batch, and is that batch.
                    changes.removeSubrange(start...)
                    ids = [id] + ids
                    break
                }
                return writePart(of: id, towards: entry, changes, at: now, on: dataplane, &report)
            }
            size += 1 + changes.count - start
            batch.append((id, entry))
        }
        drains.replaceRemovals(in: &changes, of: known.table, at: now)
        guard let refused = apply(changes, at: now, on: dataplane, &report) else { return false }
        // In place, as all that a bulk load has ten thousand of.
        let written = batch.span
        for index in written.indices {
            let id = written[index].id
            // What is refused has been noted as such.
            guard refused.isEmpty || !refused.contains(id) else { continue }
            noteWritten(id, written[index].entry)
        }
        return true
    }

    private mutating func noteWritten(_ id: VirtualServer.ID, _ entry: IPVSTable.Entry) {
        if drains.isEmpty || !drains.virtualServers.contains(id) {
            // The desired entry itself, so that both share the storage of the real servers.
            known[id] = entry
        }
        unsettled.noteDone(id)
        parted.forget(id)
    }

    /// Writes the first of many changes to one virtual server, and leaves the others for the next part of the pass.
    ///
    /// - Returns: whether it is known what took effect.
    private mutating func writePart(
        of id: VirtualServer.ID,
        towards entry: IPVSTable.Entry,
        _ changes: [IPVSChange],
        at now: Instant,
        on dataplane: any IPVSDataplane,
        _ report: inout PassReport
    ) -> Bool {
        var changes = changes
        drains.replaceRemovals(in: &changes, of: known.table, at: now)
        let earlier = parted.takeRefused(of: id, from: &changes)
        let limit = PartedServers.changesPerPart(realServers: known.realServerCount(of: id))
        let part = Array(changes.prefix(limit))
        guard let refused = send(part, on: dataplane, &report) else { return false }
        let refusedChanges = Set(refused.lazy.map(\.change))
        for change in part where !refusedChanges.contains(change) { known.follow(change) }

        let all = earlier + refused
        let isRefusedAsWhole = refused.contains { $0.change.objectKind == .virtualServer }
        if part.count < changes.count, !isRefusedAsWhole {
            parted.keep(all, of: id)
            unsettled.insert(id)
            hasMore = true
        } else if all.isEmpty {
            noteWritten(id, entry)
        } else {
            noteRefused(all, at: now, &report)
        }
        return true
    }

    /// Removes those that are no longer wanted.
    mutating func removeUnwanted<Owner>(
        _ desired: DesiredState<Owner>, at now: Instant, on dataplane: any IPVSDataplane, _ report: inout PassReport
    ) {
        guard known.isKnown else {
            // The next reading finds all that differs, unless one is under way.
            if !known.isFilling { unsettled.forgetPending() }
            return
        }
        let gone = unsettled.pending.filter { desired[$0] == nil }.sorted()
        let changes = gone.filter(known.contains).map(IPVSChange.removeVirtualServer)
        guard let refused = apply(changes, at: now, on: dataplane, &report) else { return }
        for id in gone where !refused.contains(id) {
            known[id] = nil
            drains.removeAll(of: id)
            ramps.removeAll(of: id)
            readAhead.remove(id)
            parted.forget(id)
            unsettled.noteDone(id)
        }
    }

    /// Sends the changes, and follows in the table what took effect for servers with a refused change.
    ///
    /// - Returns: the virtual servers of refused changes; `nil` when it is unknown what took effect.
    private mutating func apply(
        _ changes: [IPVSChange], at now: Instant, on dataplane: any IPVSDataplane, _ report: inout PassReport
    ) -> Set<VirtualServer.ID>? {
        guard let refused = send(changes, on: dataplane, &report) else { return nil }
        let refusedServers = Set(refused.lazy.map(\.change.virtualServer))
        if !refused.isEmpty || !drains.isEmpty {
            let refusedChanges = Set(refused.lazy.map(\.change))
            for change in changes where !refusedChanges.contains(change) {
                let id = change.virtualServer
                if refusedServers.contains(id) || drains.virtualServers.contains(id) { known.follow(change) }
            }
        }
        noteRefused(refused, at: now, &report)
        return refusedServers
    }

    /// Sends the changes and counts those that took effect. The table does not follow them.
    ///
    /// - Returns: the refused changes; `nil` when it is unknown what took effect.
    mutating func send(
        _ changes: [IPVSChange], on dataplane: any IPVSDataplane, _ report: inout PassReport
    ) -> [RefusedChange<IPVSChange>]? {
        guard !changes.isEmpty else { return [] }
        known.noteSent(changes)
        do throws(DataplaneError) {
            let refused = try dataplane.apply(changes).filter { !$0.isOfWhatIsGone }
            report.countWritten(changes, butFor: refused)
            return refused
        } catch {
            known.forget()
            // They are read again, when it is known what is wanted of them.
            readAhead = []
            report.failures.append(error)
            return nil
        }
    }

    /// One refusal for each virtual server: when it could not be added, its real servers were refused for that alone.
    mutating func noteRefused(
        _ refused: [RefusedChange<IPVSChange>], at now: Instant, _ report: inout PassReport
    ) {
        var blamed: Set<VirtualServer.ID> = []
        for change in refused where blamed.insert(change.change.virtualServer).inserted {
            let refusal = Refusal(kind: change.change.objectKind, attempt: "\(change.change)", error: change.error)
            report.refusals.append(refusal)
            unsettled.noteRefused(change.change.virtualServer, refusal, at: now)
        }
    }

    /// Removes the real servers that have drained, or may drain no longer.
    mutating func endDrains(at now: Instant, on dataplane: any IPVSDataplane, _ report: inout PassReport) {
        guard known.isKnown, !drains.isEmpty else { return }
        let changes: [IPVSChange]
        do throws(DataplaneError) {
            guard let ended = try drains.takeEnded(at: now, on: dataplane) else { return }
            changes = ended
        } catch {
            report.failures.append(error)
            return
        }
        let written = report.written
        let isStillKnown = apply(changes, at: now, on: dataplane, &report) != nil
        // Where the kernel removes none of a part, the next poll tries again.
        let isInVain = !changes.isEmpty && report.written == written
        if drains.notePart(at: now, isLast: isInVain) { hasMore = true }
        guard isStillKnown else { return }
        for case .removeRealServer(let realServer, from: let id) in changes
        where known.table.realServer(realServer, of: id) == nil {
            drains.remove(realServer, of: id)
        }
    }
}
