// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneKernel

/// Capabilities of this process, as `linux/capability.h` numbers them.
enum Capability: UInt64 {
    case netAdmin = 12
    case sysResource = 24

    /// Whether this process has it. What cannot be read counts as yes.
    var isEffective: Bool {
        guard let status = try? KernelSysctls(root: "/proc/self").read("status"),
            let capabilities = NodeEvidence.capabilities(status: status)
        else { return true }
        return capabilities & (1 << rawValue) != 0
    }
}
