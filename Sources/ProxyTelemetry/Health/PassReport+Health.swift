// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Reconcile

extension PassReport {
    /// Whether the kernel has refused objects for reasons of its own: it has no memory, or gives no permission.
    ///
    /// Other refusals are about the object: they show in the log, in health's words and in `kubeipvs_refused_objects`, and make
    /// no node unhealthy.
    var refusalsAreOfNode: Bool {
        standing.refusals.contains { Self.numbersOfTheNode.contains($0.error.number) }
    }

    /// Error numbers that are about the node and not about the object that was to be changed.
    private static var numbersOfTheNode: Set<Int32> { [EPERM, EACCES, ENOMEM, ENOBUFS] }
}
