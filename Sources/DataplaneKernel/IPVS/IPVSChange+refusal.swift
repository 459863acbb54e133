// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import Netlink
import Reconcile

extension IPVSChange {
    /// The kernel's refusal of this change, in words that say what its number means for IPVS.
    func refusal(_ error: NetlinkError) -> DataplaneError {
        let words = error.explanation ?? meaning(of: error.errno) ?? "\(error.errno)"
        return DataplaneError(part: .ipvs, number: error.errno.rawValue, explanation: "cannot \(self): \(words)")
    }

    /// IPVS itself sends numbers without words: `net/netfilter/ipvs/ip_vs_ctl.c`.
    private var meaningOfMissingEntry: String {
        switch self {
        case .addVirtualServer, .editVirtualServer: "the kernel has no such scheduler or persistence engine"
        case .removeVirtualServer: "no such entry"
        case .addRealServer, .editRealServer, .removeRealServer: "no such real server"
        }
    }

    private func meaning(of errno: Errno) -> String? {
        switch errno {
        case .exists: "it exists already"
        case .noProcess: "no such virtual server"
        case .noEntry: meaningOfMissingEntry
        default: nil
        }
    }
}
