// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel
public import Reconcile

/// The kernel's tracked flows as a list.
public final class FakeConntrack: ConntrackDataplane {
    /// What is tracked now; assign to add or end flows.
    public var flows: [ConntrackFlow] = []
    /// The filters of all readings so far, in order.
    public private(set) var readings: [ConntrackFilter] = []
    public var isBroken = false

    /// How many flows one part of a walk through all of them has.
    public var flowsPerPart = 2

    private var walk = ReadingUnderWay()
    /// What a walk that is under way has still to look at.
    private var unread: ArraySlice<ConntrackFlow> = []
    private let onChange: (String) -> Void

    public init(onChange: @escaping (String) -> Void = { _ in }) {
        self.onChange = onChange
    }

    public func deleteFlows(
        matching filter: ConntrackFilter,
        where isStale: (ConntrackFlow) -> Bool
    ) throws(DataplaneError) -> ConntrackSweep {
        readings.append(filter)
        return try delete(flows.filter(filter.matches), where: isStale)
    }

    public func deleteNextFlows(
        _ reading: inout KernelReading<FilteredFlows>,
        where isStale: (ConntrackFlow) -> Bool
    ) throws(DataplaneError) -> ReadingProgress {
        let filter = reading.subject.filter
        switch walk.takeUp(&reading) {
        case .none: return .lapsed
        case .next: break
        case .first:
            readings.append(filter)
            unread = flows.filter(filter.matches)[...]
        }
        let part = Array(unread.prefix(flowsPerPart))
        unread = unread.dropFirst(part.count)
        reading.subject.sweep += try delete(part, where: isStale)
        return walk.putDown(reading, hasMore: !unread.isEmpty)
    }

    private func delete(
        _ examined: [ConntrackFlow],
        where isStale: (ConntrackFlow) -> Bool
    ) throws(DataplaneError) -> ConntrackSweep {
        guard !isBroken else { throw DataplaneError(part: .conntrack, number: 1, explanation: "conntrack is broken") }
        let stale = examined.filter(isStale)
        flows.removeAll(where: stale.contains)
        stale.forEach { onChange("flow delete \($0)") }
        return ConntrackSweep(examined: examined.count, deleted: stale.count)
    }
}
