// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel
import Netlink
public import Reconcile

/// The tracked flows of the network namespace in which this was made, by ctnetlink.
///
/// Not for two threads at once: whoever made it calls it, and from threads that may block.
public final class KernelConntrack: ConntrackDataplane {
    private var socket: NetlinkSocket
    /// For the walk through all flows, between whose parts others are asked for.
    private var walkSocket: NetlinkSocket
    private var walk = ReadingUnderWay()
    /// Storage for every request and every batch.
    private var request: NetlinkRequest
    private var batch: NetlinkBatch

    /// The kernel loads what is missing of `nf_conntrack_netlink` with the first request.
    public init() throws(DataplaneError) {
        do throws(NetlinkError) {
            let socket = try NetlinkSocket.open(.netfilter)
            batch = NetlinkBatch(countLimit: socket.answerCapacity)
            request = try NetlinkRequest()
            self.socket = socket
            walkSocket = try NetlinkSocket.open(.netfilter)
        } catch {
            throw DataplaneError(.conntrack, "open ctnetlink", error)
        }
    }

    public func deleteFlows(
        matching filter: ConntrackFilter,
        where isStale: (ConntrackFlow) -> Bool
    ) throws(DataplaneError) -> ConntrackSweep {
        let clock = ContinuousClock()
        let start = clock.now
        var examined = 0
        let stale = try flows(matching: filter) { flow in
            examined += 1
            return isStale(flow)
        }
        try delete(stale)
        return ConntrackSweep(examined: examined, deleted: stale.count, duration: clock.now - start)
    }

    public func deleteNextFlows(
        _ reading: inout KernelReading<FilteredFlows>,
        where isStale: (ConntrackFlow) -> Bool
    ) throws(DataplaneError) -> ReadingProgress {
        let clock = ContinuousClock()
        let start = clock.now
        let filter = reading.subject.filter
        var examined = 0
        var stale: [ConntrackFlow] = []
        let hasMore: Bool
        do throws(NetlinkError) {
            switch walk.takeUp(&reading) {
            case .none: return .lapsed
            case .next: break
            case .first:
                try request.beginFlowDump(filter)
                try walkSocket.beginDump(&request)
            }
            hasMore = try walkSocket.continueDump { (message, datagram) throws(NetlinkError) in
                guard let flow = try message.conntrackFlow(of: filter, in: datagram) else { return }
                examined += 1
                if isStale(flow) { stale.append(flow) }
            }
        } catch {
            throw Self.readingFailed(filter, error)
        }
        try delete(stale)
        reading.subject.sweep += ConntrackSweep(
            examined: examined, deleted: stale.count, duration: clock.now - start)
        return walk.putDown(reading, hasMore: hasMore)
    }

    private static func readingFailed(_ filter: ConntrackFilter, _ error: NetlinkError) -> DataplaneError {
        DataplaneError(.conntrack, "read the tracked flows of \(filter.family)", error)
    }

    /// The flows that match a filter, of those that `isIncluded` asks for.
    ///
    /// The kernel applies the filter itself from Linux 5.8 on; older ones hand over all flows of the family.
    public func flows(
        matching filter: ConntrackFilter,
        where isIncluded: (ConntrackFlow) -> Bool = { _ in true }
    ) throws(DataplaneError) -> [ConntrackFlow] {
        do throws(NetlinkError) {
            try request.beginFlowDump(filter)
            return try socket.dump(&request, into: [ConntrackFlow]()) {
                (flows, message, datagram) throws(NetlinkError) in
                if let flow = try message.conntrackFlow(of: filter, in: datagram), isIncluded(flow) {
                    flows.append(flow)
                }
            }
        } catch {
            throw Self.readingFailed(filter, error)
        }
    }

    /// Ends the tracking of flows. One that has ended by itself is no failure.
    ///
    /// - Throws: the first refusal, after all others have been carried out.
    public func delete(_ flows: [ConntrackFlow]) throws(DataplaneError) {
        var refused: [RefusedRequest] = []
        do throws(NetlinkError) {
            // What an error left there while it was filled.
            batch.removeAll()
            for (position, flow) in flows.enumerated() {
                try request.beginFlowRemoval(flow)
                if !batch.hasRoom(for: request) { refused += try socket.submit(&batch) }
                batch.append(request, tag: position)
            }
            refused += try socket.submit(&batch)
        } catch {
            throw DataplaneError(.conntrack, "delete tracked flows", error)
        }
        if let refusal = refused.first(where: { $0.error.errno != .noEntry }) {
            throw DataplaneError(.conntrack, "delete the tracked flow \(flows[refusal.tag])", refusal.error)
        }
    }
}
