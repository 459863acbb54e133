// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Testing

extension Trait where Self == ConditionTrait {
    /// Skips where no network namespace was made for the tests: they change the kernel's state, and need a kernel that
    /// has everything. `Tests/kernel/run` makes both, and `Tests/kernel/test` fails when a test was skipped.
    static var kernel: Self {
        .enabled("run through Tests/kernel/test", { unsafe getenv("KUBE_IPVS_KERNEL_TESTS") != nil })
    }
}

/// The suite that every suite of this target lies in, as an extension of it.
///
/// The network has one name for each of its parts, and `.serialized` keeps apart only what lies in one suite.
@Suite(.kernel, .serialized)
enum TrafficSuite {}
