public import DataplaneModel

/// The flows that the kernel tracks in one network namespace.
public protocol ConntrackDataplane: AnyObject {
    /// Deletes the flows that match a filter and are stale.
    ///
    /// The kernel's table changes while it is read: a flow that came meanwhile may be missed, and one that ended by itself
    /// counts as deleted.
    func deleteFlows(
        matching filter: ConntrackFilter,
        where isStale: (ConntrackFlow) -> Bool
    ) throws(DataplaneError) -> ConntrackSweep

    /// Does the same for a part of the flows: some hundred of what may be a million. `deleteFlows` may be called in between.
    ///
    /// - Parameter isStart: whether to begin with the first flow, and not to go on behind the last call's. There is one such
    ///   walk at a time.
    /// - Returns: what came of this part, and whether there is more.
    func deleteNextFlows(
        matching filter: ConntrackFilter,
        restarting isStart: Bool,
        where isStale: (ConntrackFlow) -> Bool
    ) throws(DataplaneError) -> (sweep: ConntrackSweep, hasMore: Bool)
}
