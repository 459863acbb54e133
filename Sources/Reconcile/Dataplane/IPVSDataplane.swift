// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel

/// The kernel's IPVS table of one network namespace.
///
/// The methods of all data planes block while the kernel works, and are called from one thread.
public protocol IPVSDataplane: AnyObject {
    /// Hands over the next part of the virtual servers of both families without their real servers.
    ///
    /// While the table changes, or the kernel moves virtual servers about in it, some may be missing, and some may come
    /// twice.
    func listVirtualServers(
        _ reading: inout KernelReading<Void>,
        _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) -> ReadingProgress

    /// One virtual server with its real servers; `nil` when it is not there.
    func virtualServer(_ id: VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer?

    /// The real servers of one virtual server with their connections; `nil` when there is no such virtual server.
    func realServers(of id: VirtualServer.ID) throws(DataplaneError) -> [ObservedRealServer]?

    /// Carries the changes out in order.
    ///
    /// - Returns: the changes that the kernel refused. Every other one took effect.
    /// - Throws: when the exchange itself broke: what took effect is then unknown, and the table must be read again.
    func apply(_ changes: [IPVSChange]) throws(DataplaneError) -> [RefusedChange<IPVSChange>]

    /// Whether the kernel has a scheduler.
    func has(_ scheduler: Scheduler) throws(DataplaneError) -> Bool
}

extension IPVSDataplane {
    /// Finds out by adding a virtual server with it and removing that again, which makes the kernel load the scheduler's module.
    public func has(_ scheduler: Scheduler) throws(DataplaneError) -> Bool {
        try SchedulerProbe.finds(scheduler, on: self)
    }
}
