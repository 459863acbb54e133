// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneKernel
import Reconcile
import SmallFiles

/// The modules that this kernel can have, as depmod(8) lists them: those in its tree, and those that are built in.
package struct KernelModules {
    private let lists: [String]?

    /// The lists of the kernel that runs. Without them, as in a container without `/lib/modules`, nothing is sure.
    package init(directory: String? = nil) {
        do {
            let tree = try directory ?? "/lib/modules/\(KernelSysctls().read("kernel/osrelease"))"
            lists = try ["modules.dep", "modules.builtin"].map { name in
                String(decoding: try SmallFile.read("\(tree)/\(name)"), as: UTF8.self)
            }
        } catch {
            lists = nil
        }
    }

    /// Whether the kernel surely has no such module. It is not loaded by the question.
    package func lack(_ name: String) -> Bool {
        guard let lists, KernelModule.isAbsent(name) else { return false }
        return !lists.contains { $0.contains("/\(name).ko") }
    }
}
