// SPDX-License-Identifier: GPL-2.0-or-later
import Netlink
import Reconcile

extension KernelIPVS {
    /// What a failure of netlink means, where it is that the kernel has no IPVS at all.
    static func failure(_ attempt: String, _ error: NetlinkError) -> DataplaneError {
        guard error.operation == .resolveFamily, error.errno == .noEntry else {
            return DataplaneError(.ipvs, attempt, error)
        }
        return DataplaneError(
            part: .ipvs,
            number: error.errno.rawValue,
            explanation: """
                cannot \(attempt): the kernel has no IPVS. Load it with `modprobe ip_vs`, or run on a kernel that is \
                built with CONFIG_IP_VS.
                """
        )
    }
}
