import Glibc
import Reconcile

extension PassReport {
    /// Whether the kernel now has what is wanted, but for objects that it refuses one by one.
    ///
    /// One Service that the kernel cannot serve, as by a scheduler that it lacks, must not take the whole node out of every
    /// load balancer. It shows in the log and in `kubeipvs_changes_refused_total`. A kernel that has no memory or gives no
    /// permission refuses for reasons of its own: that is a failure of the node.
    var isDone: Bool {
        failures.isEmpty && !refusals.contains { Self.numbersOfTheNode.contains($0.error.number) }
    }

    /// Error numbers that are about the node and not about the object that was to be changed.
    private static var numbersOfTheNode: Set<Int32> { [EPERM, EACCES, ENOMEM, ENOBUFS] }
}
