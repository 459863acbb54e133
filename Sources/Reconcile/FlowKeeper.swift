// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// Ends one family's tracked flows to endpoints that no longer serve them. The client's next datagram then begins a new
/// flow.
struct FlowKeeper {
    typealias Instant = ContinuousClock.Instant

    private let family: IPFamily
    /// Virtual servers that an endpoint has left.
    private var pending: Set<VirtualServer.ID> = []
    /// When all flows were last looked through.
    private var lastSweep: Instant?
    /// That of all flows; `nil` when none is under way.
    private var reading: KernelReading<FilteredFlows>?

    /// The least time between two searches of all flows. A pass that fails is soon tried again, and need not repeat them.
    static var sweepInterval: Duration { .seconds(25) }

    /// For up to this many virtual servers, flows are read one by one, with the kernel's filter. For more, all UDP
    /// flows are read. Each reading walks the kernel's whole table, which costs little beside what it hands over.
    private static var singlyReadServers: Int { 4 }

    init(family: IPFamily) {
        self.family = family
    }

    var hasWork: Bool { !pending.isEmpty }

    /// Takes over virtual servers of which flows may be with an endpoint that has left.
    mutating func take(_ touched: inout Set<VirtualServer.ID>) {
        if pending.isEmpty {
            swap(&pending, &touched)
        } else {
            pending.formUnion(touched)
            touched = []
        }
    }

    /// Deletes the stale flows of the virtual servers that an endpoint has left.
    ///
    /// - Parameter dataplane: `nil` leaves tracked flows alone.
    mutating func endStale<Owner>(
        _ desired: DesiredState<Owner>,
        on dataplane: (any ConntrackDataplane)?,
        _ report: inout PassReport
    ) {
        guard !pending.isEmpty else { return }
        // A virtual server without an owner has no endpoint to send its flows to.
        let servers = pending.filter { desired[$0] != nil }.sorted()
        guard let dataplane, !servers.isEmpty else {
            pending = []
            return
        }
        let filters =
            servers.count > Self.singlyReadServers
            ? [ConntrackFilter(family, .udp)] : servers.map(ConntrackFilter.init(server:))
        do throws(DataplaneError) {
            for filter in filters {
                report.add(try dataplane.deleteFlows(matching: filter) { desired.isStale($0) })
            }
            pending = []
        } catch {
            pending = Set(servers)
            report.failures.append(error)
        }
    }

    // MARK: Verifying

    /// Whether all flows are to be looked through at that instant.
    func isSweepDue<Owner>(_ desired: DesiredState<Owner>, at now: Instant) -> Bool {
        desired.hasDatagramServers && lastSweep.map { $0.advanced(by: Self.sweepInterval) <= now } ?? true
    }

    /// Ends a search that was under way: the next one begins with the first flow.
    mutating func beginVerifying() {
        reading = nil
    }

    /// Looks at the next part of all flows, if that is due. It finds stale flows that were missed: of a datagram that
    /// was under way while its endpoint left, or from a time without a daemon. A node may track a million of them.
    ///
    /// - Parameter dataplane: `nil` leaves tracked flows alone.
    /// - Returns: whether there is more.
    mutating func verifyNext<Owner>(
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: (any ConntrackDataplane)?,
        _ report: inout PassReport
    ) -> Bool {
        guard let dataplane, reading != nil || isSweepDue(desired, at: now) else { return false }
        var reading = reading.take() ?? KernelReading(of: FilteredFlows(matching: ConntrackFilter(family, .udp)))
        reading.subject.sweep = ConntrackSweep()
        do throws(DataplaneError) {
            let progress = try dataplane.deleteNextFlows(&reading, where: { desired.isStale($0) })
            report.add(reading.subject.sweep)
            switch progress {
            case .more: self.reading = reading
            case .lapsed: break
            case .complete: lastSweep = now
            }
            return progress != .complete
        } catch {
            report.failures.append(error)
            return false
        }
    }
}
