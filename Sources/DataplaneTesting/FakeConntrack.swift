public import DataplaneModel
public import Reconcile

/// The kernel's tracked flows as a list.
public final class FakeConntrack: ConntrackDataplane {
    /// What is tracked now; assign to add or end flows.
    public var flows: [ConntrackFlow] = []
    /// The filters of all readings so far, in order.
    public private(set) var readings: [ConntrackFilter] = []
    public var isBroken = false

    private let onChange: (String) -> Void

    public init(onChange: @escaping (String) -> Void = { _ in }) {
        self.onChange = onChange
    }

    public func deleteFlows(
        matching filter: ConntrackFilter,
        where isStale: (ConntrackFlow) -> Bool
    ) throws(DataplaneError) -> ConntrackSweep {
        guard !isBroken else { throw DataplaneError(part: .conntrack, number: 1, explanation: "conntrack is broken") }
        readings.append(filter)
        let matching = flows.filter(filter.matches)
        let stale = matching.filter(isStale)
        flows.removeAll(where: stale.contains)
        stale.forEach { onChange("flow delete \($0)") }
        return ConntrackSweep(examined: matching.count, deleted: stale.count)
    }
}
