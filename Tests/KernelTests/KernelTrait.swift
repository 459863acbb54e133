import Glibc
import Testing

extension Trait where Self == ConditionTrait {
    /// Runs a suite only where it may change the kernel's state: in a network namespace of its own, which whoever sets
    /// the variable has made.
    static var kernel: Self {
        .enabled("KUBE_IPVS_KERNEL_TESTS is not set") { unsafe getenv("KUBE_IPVS_KERNEL_TESTS") != nil }
    }
}
