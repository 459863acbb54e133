// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

extension RefusedChange<IPVSChange> {
    /// Whether a virtual server could not be removed because it is gone already, which is what was wanted.
    ///
    /// Another program may have removed it since it was read, or the probe of a scheduler, which removes what an earlier one has
    /// left. The number is ESRCH (`ip_vs_genl_set_cmd` in `net/netfilter/ipvs/ip_vs_ctl.c`).
    var isOfWhatIsGone: Bool {
        if case .removeVirtualServer = change { error.number == 3 } else { false }
    }
}
