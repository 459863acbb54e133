// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneKernel

/// Capabilities of this process, as `linux/capability.h` numbers them.
package enum Capability: UInt64 {
    case netAdmin = 12
    case sysResource = 24

    /// Whether this process has it. What cannot be read counts as yes.
    package var isEffective: Bool {
        guard let status = try? KernelSysctls(root: "/proc/self").read("status"),
            let effective = Self.effective(status: status)
        else { return true }
        return effective & (1 << rawValue) != 0
    }

    /// The effective capabilities of a process, a bit for each.
    ///
    /// - Parameter status: `/proc/self/status`; proc(5) has its fields.
    /// - Returns: `nil` where the field is missing or not a number.
    package static func effective(status: String) -> UInt64? {
        status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
            .flatMap { line in line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } }
    }
}
