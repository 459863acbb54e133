// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// What the kernel has, as modules or built in.
public enum KernelModule {
    /// Whether the kernel surely has no such module loaded. It is not loaded by the question, as it is by using it.
    ///
    /// Modules with parameters show under `/sys/module` also when they are built in, and `ip_vs` and `ip_set` have some.
    /// Without sysfs nothing is sure.
    public static func isAbsent(_ name: String) -> Bool {
        unsafe access("/sys/module", F_OK) == 0 && access("/sys/module/\(name)", F_OK) != 0
    }
}
