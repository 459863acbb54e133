// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

/// Tracked flows of datagrams, which know no end: one stays with its endpoint as long as its client goes on sending.
extension DesiredState {
    /// Whether a flow goes to a virtual server of ours, and its target is no endpoint of that.
    ///
    /// The target is a removed endpoint, or the virtual IP itself when the client began before there was a virtual
    /// server. A flow of a virtual server without endpoints is left alone, as in kube-proxy: there is no better target.
    public func isStale(_ flow: ConntrackFlow) -> Bool {
        // Endpoints of other owners that want the virtual server do not serve it.
        guard flow.transport == .udp, let claim = claims[flow.server] else { return false }
        let serving = contributions[claim.ownerNumber].servingEndpoints
        return !serving.isEmpty && !serving.containsSorted(flow.endpoint)
    }

    /// Whether there is any virtual server whose flows can become stale.
    public var hasDatagramServers: Bool {
        virtualServerIDs.contains { $0.transport == .udp }
    }
}

extension Contribution {
    /// Whether flows may be stale when this takes the place of `previous`: an endpoint has left, or there was nothing to
    /// send them to. An endpoint that only came makes none.
    func mayLeaveFlowsBehind(replacing previous: Contribution?) -> Bool {
        guard !servingEndpoints.isEmpty else { return false }
        guard let previous, !previous.servingEndpoints.isEmpty else { return true }
        guard previous.servingEndpoints.allSatisfy(servingEndpoints.containsSorted) else { return true }
        let known = Set(previous.virtualServers.lazy.map(\.id))
        return !virtualServers.allSatisfy { known.contains($0.id) }
    }
}

extension [RealServer.ID] {
    /// Whether the array, which is in ascending order, has the element.
    fileprivate func containsSorted(_ element: RealServer.ID) -> Bool {
        var bounds = startIndex..<endIndex
        while !bounds.isEmpty {
            let middle = bounds.lowerBound + bounds.count / 2
            if self[middle] == element { return true }
            bounds = self[middle] < element ? middle + 1..<bounds.upperBound : bounds.lowerBound..<middle
        }
        return false
    }
}
