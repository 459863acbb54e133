// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// Keeps one family's virtual servers with their real servers as they are wanted, and drains removed real servers.
///
/// It trusts what the kernel has acknowledged, until a verifying pass reads it. What is wanted is an argument of each step.
struct VirtualServerKeeper {
    typealias Instant = ContinuousClock.Instant

    private let family: IPFamily
    /// Virtual servers inside these networks belong to other programs: never removed.
    private let excludedNetworks: [IPPrefix]
    private var writer: VirtualServerWriter
    /// That of a verifying pass.
    private var reading: VirtualServerReading?
    /// Virtual servers that differ, as the verifying pass found, and are still to be written.
    private var unwritten: ArraySlice<VirtualServer.ID> = []
    /// What the last reading had of those that are wanted.
    private var statistics: [VirtualServer.ID: TrafficStatistics] = [:]

    /// Whether readings keep the counters of virtual servers.
    var collectsStatistics = false
    /// Virtual servers that one step of a verifying pass reads.
    var virtualServersPerReading = 64

    /// - Parameter gracefulTimeout: the longest time that a removed TCP real server keeps its connections.
    init(family: IPFamily, excludedNetworks: [IPPrefix], gracefulTimeout: Duration) {
        self.family = family
        self.excludedNetworks = excludedNetworks
        writer = VirtualServerWriter(gracefulTimeout: gracefulTimeout)
    }

    /// Whether virtual servers may differ from what is wanted.
    var hasWork: Bool { !writer.pending.isEmpty }

    /// Whether the last pass has left something for another one, which need not wait.
    var hasMore: Bool { writer.hasMore }

    /// Virtual servers that the kernel has refused, or real servers of them.
    var refused: Refusals<VirtualServer.ID> { writer.refused }

    /// Whether a verifying pass has still to read or to write some.
    var isVerifying: Bool { reading != nil }

    /// Addresses of virtual servers for which the last pass had no time, and of which the kernel has nothing yet.
    var unservedAddresses: Set<IPAddress> { writer.unservedAddresses }

    var drainingCount: Int { writer.drainingCount }

    func drainStarts(of id: VirtualServer.ID) -> [RealServer.ID: Instant] { writer.drainStarts(of: id) }

    /// When the connections of draining real servers are to be counted; `nil` when none drains, or nothing is known of them.
    var nextDrainPoll: Instant? { writer.nextDrainPoll }

    /// When the weights of new real servers rise next; `nil` when none does.
    var nextRise: Instant? { writer.nextRise }

    /// Takes over virtual servers that may differ from what is wanted.
    mutating func take(_ touched: inout Set<VirtualServer.ID>) { writer.take(&touched) }

    /// Begins a pass that writes what has changed: what was refused and may be tried again is tried in it.
    mutating func beginPass(at now: Instant) { writer.beginPass(at: now) }

    /// Adds and edits those that are wanted, the small ones first, and one part of a large one after them.
    mutating func writeWanted<Owner>(
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: any IPVSDataplane,
        _ report: inout PassReport
    ) {
        writer.writeWanted(desired, at: now, on: dataplane, &report)
    }

    /// Removes those that are no longer wanted.
    mutating func removeUnwanted<Owner>(
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: any IPVSDataplane,
        _ report: inout PassReport
    ) {
        writer.removeUnwanted(desired, at: now, on: dataplane, &report)
    }

    /// Removes the real servers that have drained, or may drain no longer.
    mutating func endDrains(at now: Instant, on dataplane: any IPVSDataplane, _ report: inout PassReport) {
        writer.endDrains(at: now, on: dataplane, &report)
    }

    // MARK: Verifying

    /// Begins to read all virtual servers.
    ///
    /// - Parameter listing: shared with the other family's pass that begins now.
    mutating func beginVerifying(sharing listing: VirtualServerListing?) {
        reading = VirtualServerReading(listing ?? VirtualServerListing(keepsStatistics: collectsStatistics))
        unwritten = []
        statistics = [:]
        writer.beginReading()
    }

    /// The counters that the last reading has come by, where they are collected.
    mutating func takeStatistics() -> [VirtualServer.ID: TrafficStatistics]? {
        defer { statistics = [:] }
        return collectsStatistics ? statistics : nil
    }

    /// Has the kernel list some, or reads some with their real servers; compares those, and writes what differs. What is too many
    /// is noted as pending.
    ///
    /// - Throws: when they could not be read. The verifying of them has then ended.
    mutating func verifyNext<Owner>(
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: any IPVSDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        // Taken out, so that it is changed in place.
        guard var reading = reading.take() else { return }
        // A pass has broken off in between, so that nothing is known any more.
        if !writer.known.isKnown, !writer.known.isFilling { reading.restart() }
        do throws(DataplaneError) {
            try readNext(&reading, desired, at: now, on: dataplane, &report)
        } catch {
            writer.endReading(hasReadAll: false)
            throw error
        }
        if reading.hasReadAll {
            if writer.known.isFilling {
                // What was wanted while the table was read is to be written too.
                unwritten =
                    (reading.foundNone ? Array(desired.virtualServerIDs) : Array(writer.pending)).sorted()[...]
            }
            writer.endReading(hasReadAll: true)
        }
        self.reading = reading
        guard writer.known.isKnown else { return }
        let isStillKnown = writer.update(&unwritten, desired, at: now, on: dataplane, &report)
        if !isStillKnown || reading.hasReadAll && unwritten.isEmpty {
            self.reading = nil
            writer.endReading(hasReadAll: false)
        }
    }

    /// Tells virtual servers of other programs, unless they are wanted too. What a try of a scheduler has left is the daemon's own in
    /// whatever network.
    private var othersServers: (VirtualServer.ID) -> Bool {
        { [excludedNetworks] id in
            id != SchedulerProbe.server && excludedNetworks.contains { $0.contains(id.address) }
        }
    }

    private mutating func readNext<Owner>(
        _ reading: inout VirtualServerReading,
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: any IPVSDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        guard reading.isListed else {
            let count = desired.virtualServerIDs.count
            try reading.list(family, expecting: count, from: dataplane)
            if reading.isListed, !writer.known.isKnown { writer.beginFilling(expecting: count) }
            return
        }
        guard !reading.needsCandidates else {
            if writer.known.isFilling {
                // Of those that were read ahead it was not known which are wanted.
                statistics = statistics.filter { desired[$0.key] != nil }
                // Where nothing was listed at all, and nothing known, there is no need to ask for any.
                reading.setCandidates(reading.foundNone ? [] : Array(desired.virtualServerIDs))
            } else {
                // What is wanted and not known is pending.
                reading.setCandidates(writer.candidates)
            }
            return
        }
        let isOthers = othersServers
        try reading.next(
            virtualServersPerReading,
            where: { id in desired[id] != nil || !isOthers(id) },
            writtenMeanwhile: writer.known.writtenSinceReading,
            on: dataplane
        ) { id, observed in
            let found = observed.map { IPVSTable.Entry($0) }
            let wanted = desired.entry(of: id).map { wanted, slowStart in
                writer.wanted(wanted, of: id, found: found, over: slowStart, at: now)
            }
            if wanted != nil, collectsStatistics { statistics[id] = observed?.statistics }
            let isDifferent = writer.takeRead(
                id, found, wanted: wanted, of: { desired.owner(of: id).map { "\($0)" } }, &report)
            if isDifferent, wanted != nil { unwritten.append(id) }
        }
    }
}

// MARK: Before it is known what is wanted

extension VirtualServerKeeper {
    /// Has the kernel list some, or reads some with their real servers, as `verifyNext` does. Whether any of them is wanted shows
    /// when that goes on with the reading.
    ///
    /// - Returns: whether there is more that can be read.
    /// - Throws: when they could not be read. The reading has then ended.
    mutating func readAhead(on dataplane: any IPVSDataplane) throws(DataplaneError) -> Bool {
        guard var reading = reading.take() else { return false }
        do throws(DataplaneError) {
            if !reading.isListed {
                try reading.list(family, expecting: 0, from: dataplane)
                if reading.isListed { writer.beginFilling(expecting: reading.listedCount) }
            } else if !reading.needsCandidates {
                try readListed(&reading, on: dataplane)
            }
        } catch {
            writer.endReading(hasReadAll: false)
            throw error
        }
        self.reading = reading
        return !reading.needsCandidates
    }

    private mutating func readListed(
        _ reading: inout VirtualServerReading,
        on dataplane: any IPVSDataplane
    ) throws(DataplaneError) {
        let isOthers = othersServers
        try reading.next(
            virtualServersPerReading,
            where: { id in !isOthers(id) },
            writtenMeanwhile: [],
            on: dataplane
        ) { id, observed in
            if collectsStatistics { statistics[id] = observed?.statistics }
            writer.takeReadAhead(id, observed.map { IPVSTable.Entry($0) })
        }
    }
}

extension IPVSTable.Entry {
    /// The part of a dumped virtual server that is configuration.
    fileprivate init(_ observed: ObservedVirtualServer) {
        var configuration = observed.configuration
        configuration.flags.remove(.hashed)
        self.init(
            configuration: configuration,
            realServers: observed.realServers.map(\.realServer).sorted { $0.id < $1.id }
        )
    }
}
