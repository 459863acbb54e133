import Addressing
import DataplaneModel

extension FamilyReconciler {
    /// Deletes tracked flows that are with an endpoint that does not serve them any more, so that the client's next datagram
    /// begins a new one.
    ///
    /// Looks at the virtual servers that an endpoint has left; and now and then at all of them, for what was missed: a
    /// datagram that was under way while its endpoint left, and what happened while no daemon ran.
    mutating func endStaleFlows(
        _ dataplane: (any ConntrackDataplane)?,
        _ mode: PassMode,
        _ now: ContinuousClock.Instant,
        _ report: inout PassReport
    ) {
        let looksAtAll = mode == .verify && isFlowSweepDue(at: now) && desired.hasDatagramServers
        // Without an owner any more: nobody is left to send its flows to.
        let servers = pending.flowServers.filter { desired[$0] != nil }.sorted()
        guard let dataplane, looksAtAll || !servers.isEmpty else {
            pending.flowServers = []
            return
        }
        let filters =
            looksAtAll || servers.count > Self.singlyReadFlowServers
            ? [ConntrackFilter(family, .udp)] : servers.map(ConntrackFilter.init(server:))
        var total = ConntrackSweep()
        do throws(DataplaneError) {
            for filter in filters {
                total += try dataplane.deleteFlows(matching: filter) { desired.isStale($0) }
            }
            pending.flowServers = []
            if looksAtAll { lastFlowSweep = now }
        } catch {
            report.failures.append(error)
        }
        report.conntrack = total
    }

    /// Up to so many virtual servers have their flows read one by one, with the kernel's filter, and more in one reading of
    /// all flows of UDP. Each reading walks the kernel's whole table, which costs little beside what it hands over.
    private static var singlyReadFlowServers: Int { 4 }

    private func isFlowSweepDue(at now: ContinuousClock.Instant) -> Bool {
        lastFlowSweep.map { $0.advanced(by: Self.flowSweepInterval) <= now } ?? true
    }
}
