import Addressing
import DataplaneModel

extension FamilyReconciler {
    /// Deletes tracked flows that are with an endpoint that does not serve them any more, so that the client's next datagram
    /// begins a new one. It looks at the virtual servers that an endpoint has left.
    mutating func endStaleFlows(_ dataplane: (any ConntrackDataplane)?, _ report: inout PassReport) {
        // Without an owner any more: nobody is left to send its flows to.
        let servers = pending.flowServers.filter { desired[$0] != nil }.sorted()
        guard let dataplane, !servers.isEmpty else {
            pending.flowServers = []
            return
        }
        let filters =
            servers.count > Self.singlyReadFlowServers
            ? [ConntrackFilter(family, .udp)] : servers.map(ConntrackFilter.init(server:))
        do throws(DataplaneError) {
            for filter in filters {
                report.add(try dataplane.deleteFlows(matching: filter) { desired.isStale($0) })
            }
            pending.flowServers = []
        } catch {
            pending.flowServers = Set(servers)
            report.failures.append(error)
        }
    }

    /// Looks at the next part of all flows, for what was missed: a datagram that was under way while its endpoint left, and
    /// what happened while no daemon ran. A node may track a million of them.
    ///
    /// - Returns: whether there is more.
    mutating func endNextStaleFlows(
        _ step: inout Verification,
        _ dataplane: any ConntrackDataplane,
        _ now: ContinuousClock.Instant
    ) -> Bool {
        do throws(DataplaneError) {
            var reading =
                step.flowReading.take() ?? KernelReading(of: FilteredFlows(matching: ConntrackFilter(family, .udp)))
            reading.subject.sweep = ConntrackSweep()
            defer { step.report.add(reading.subject.sweep) }
            switch try dataplane.deleteNextFlows(&reading, where: { desired.isStale($0) }) {
            case .more: step.flowReading = reading
            case .lapsed: break
            case .complete:
                lastFlowSweep = now
                return false
            }
            return true
        } catch {
            step.report.failures.append(error)
            return false
        }
    }

    /// Up to so many virtual servers have their flows read one by one, with the kernel's filter, and more in one reading of
    /// all flows of UDP. Each reading walks the kernel's whole table, which costs little beside what it hands over.
    private static var singlyReadFlowServers: Int { 4 }

    func isFlowSweepDue(at now: ContinuousClock.Instant) -> Bool {
        desired.hasDatagramServers
            && lastFlowSweep.map { $0.advanced(by: Self.flowSweepInterval) <= now } ?? true
    }
}
