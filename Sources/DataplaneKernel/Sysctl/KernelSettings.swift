// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel
import Glibc
public import Reconcile

/// The settings of this machine, and of the calling thread's network namespace.
///
/// A container that is not privileged finds `/proc/sys` read-only. The kernel itself asks for no more than `CAP_NET_ADMIN` to
/// write below `net` (`net_ctl_permissions` in `net/sysctl_net.c`). So where the node's `/proc/sys/net` is mounted at
/// `/host/proc/sys/net`, what cannot be written at its own place is written there.
public struct KernelSettings: SettingsDataplane, Sendable {
    private let sysctls: KernelSysctls
    private let writableSysctls: KernelSysctls

    /// - Parameters:
    ///   - root: where settings are read, and written where that is possible.
    ///   - writableRoot: where they are written else.
    public init(root: String = "/proc/sys", writableRoot: String = "/host/proc/sys") {
        sysctls = KernelSysctls(root: root)
        writableSysctls = KernelSysctls(root: writableRoot)
    }

    public func read(_ setting: KernelSetting) throws(DataplaneError) -> String {
        try sysctls.read(setting.key)
    }

    public func write(_ value: String, to setting: KernelSetting) throws(DataplaneError) {
        do throws(DataplaneError) {
            try sysctls.write(value, to: setting.key)
        } catch {
            guard Self.numbersOfPlace.contains(error.number),
                (try? writableSysctls.write(value, to: setting.key)) != nil
            else { throw error }
        }
    }

    /// Error numbers that are about the place. A value that the kernel refuses, it refuses anywhere.
    private static let numbersOfPlace: Set<Int32> = [EROFS, EACCES, EPERM]
}
