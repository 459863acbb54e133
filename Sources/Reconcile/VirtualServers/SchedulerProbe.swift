// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel

/// Finds out whether the kernel has a scheduler, as kube-proxy does: it adds a virtual server with it, at an address that is
/// reserved for documentation, and removes it again. Adding also makes the kernel load the scheduler's module.
public enum SchedulerProbe {
    /// In TEST-NET-2 (RFC 5737): nobody's address. So one that is there is what an earlier try has left.
    static let server = VirtualServer.ID(
        address: IPAddress(v4: 0xc633_6400), port: 20_000, transport: .tcp)

    /// - Throws: when the kernel has no such scheduler, or when it cannot be asked.
    public static func check(_ scheduler: Scheduler, on ipvs: any IPVSDataplane) throws(DataplaneError) {
        guard let refusal = try refusal(of: scheduler, on: ipvs) else { return }
        throw DataplaneError(
            part: .ipvs,
            number: refusal.number,
            explanation: "the kernel does not take the scheduler \"\(scheduler)\": \(refusal.explanation); "
                + "is its module there? modprobe ip_vs_\(scheduler)"
        )
    }

    /// Whether the kernel has the scheduler.
    ///
    /// - Throws: when the kernel cannot be asked. Its number may be that of a missing scheduler then, as while there is no IPVS.
    static func finds(_ scheduler: Scheduler, on ipvs: any IPVSDataplane) throws(DataplaneError) -> Bool {
        guard let refusal = try refusal(of: scheduler, on: ipvs) else { return true }
        guard refusal.number == noScheduler else { throw refusal }
        return false
    }

    /// What the kernel says to a virtual server with that scheduler; `nil` where it takes it.
    private static func refusal(
        of scheduler: Scheduler,
        on ipvs: any IPVSDataplane
    ) throws(DataplaneError) -> DataplaneError? {
        let configuration = VirtualServer.Configuration(
            scheduler: scheduler,
            persistenceMask: VirtualServer.Configuration.singleClientMask(for: .v4)
        )
        // One that a killed daemon left behind is in the way; that there is none is the rule.
        _ = try ipvs.apply([.removeVirtualServer(server)])
        if let refusal = try ipvs.apply([.addVirtualServer(server, configuration)]).first { return refusal.error }
        try removeServer(on: ipvs)
        return nil
    }

    /// Removes what a try has left.
    ///
    /// - Throws: when it may be there still.
    static func removeServer(on ipvs: any IPVSDataplane) throws(DataplaneError) {
        if let refusal = try ipvs.apply([.removeVirtualServer(server)]).first, !refusal.isOfWhatIsGone {
            throw refusal.error
        }
    }

    /// ENOENT (`ip_vs_add_service` in `ip_vs_ctl.c`).
    private static var noScheduler: Int32 { 2 }
}
