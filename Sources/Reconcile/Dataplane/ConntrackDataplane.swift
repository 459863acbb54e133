// SPDX-License-Identifier: GPL-2.0-or-later
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

    /// Does the same for the next part of the flows: some hundred of what may be a million.
    func deleteNextFlows(
        _ reading: inout KernelReading<FilteredFlows>,
        where isStale: (ConntrackFlow) -> Bool
    ) throws(DataplaneError) -> ReadingProgress
}

/// Flows that are looked through in parts.
public struct FilteredFlows: Hashable, Sendable {
    public let filter: ConntrackFilter
    /// What has come of it so far.
    public var sweep = ConntrackSweep()

    public init(matching filter: ConntrackFilter) {
        self.filter = filter
    }
}
