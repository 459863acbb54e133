// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
package import DataplaneModel
package import Reconcile

/// Finds out whether the kernel has a scheduler, as kube-proxy does: it adds a virtual server with it, at an address that is
/// reserved for documentation, and removes it again. Adding also makes the kernel load the scheduler's module.
package enum SchedulerProbe {
    /// In TEST-NET-2 (RFC 5737): nobody's address.
    private static let server = VirtualServer.ID(
        address: IPAddress(v4: 0xc633_6400), port: 20_000, transport: .tcp)

    /// - Throws: when the kernel has no such scheduler, or when it cannot be asked.
    package static func check(_ scheduler: Scheduler, on ipvs: any IPVSDataplane) throws(DataplaneError) {
        let configuration = VirtualServer.Configuration(
            scheduler: scheduler,
            persistenceMask: VirtualServer.Configuration.singleClientMask(for: .v4)
        )
        // One that a killed daemon left behind is in the way; that there is none is the rule.
        _ = try ipvs.apply([.removeVirtualServer(server)])
        if let refusal = try ipvs.apply([.addVirtualServer(server, configuration)]).first {
            throw DataplaneError(
                part: .ipvs,
                number: refusal.error.number,
                explanation: "the kernel does not take the scheduler \"\(scheduler)\": \(refusal.error.explanation); "
                    + "is its module there? modprobe ip_vs_\(scheduler)"
            )
        }
        if let refusal = try ipvs.apply([.removeVirtualServer(server)]).first {
            throw refusal.error
        }
    }
}
