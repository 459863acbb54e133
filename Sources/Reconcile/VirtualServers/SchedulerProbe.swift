// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel

/// Finds out whether the kernel has a scheduler, as kube-proxy does: it adds a virtual server with it, at an address that is
/// reserved for documentation, and removes it again. Adding also makes the kernel load the scheduler's module.
public enum SchedulerProbe {
    /// In TEST-NET-2 (RFC 5737): nobody's address.
    private static let server = VirtualServer.ID(
        address: IPAddress(v4: 0xc633_6400), port: 20_000, transport: .tcp)

    /// - Throws: when the kernel has no such scheduler, or when it cannot be asked.
    public static func check(_ scheduler: Scheduler, on ipvs: any IPVSDataplane) throws(DataplaneError) {
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
    /// Whether the kernel has the scheduler.
    ///
    /// - Throws: when the kernel cannot be asked.
    static func finds(_ scheduler: Scheduler, on ipvs: any IPVSDataplane) throws(DataplaneError) -> Bool {
        do throws(DataplaneError) {
            try check(scheduler, on: ipvs)
            return true
        } catch  where error.number == noScheduler {
            return false
        }
    }

    /// ENOENT (`ip_vs_add_service` in `ip_vs_ctl.c`).
    private static var noScheduler: Int32 { 2 }
}
