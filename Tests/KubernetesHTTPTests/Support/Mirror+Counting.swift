// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import KubernetesWatch

extension KubernetesTesting.Mirror {
    /// How many lists were complete.
    var lists: Int { events.count { if case .listed = $0 { true } else { false } } }
    /// How many watches have begun.
    var watches: Int { events.count { if case .watching = $0 { true } else { false } } }
}

extension Backoff {
    /// Tests have no time for real delays.
    static var short: Backoff { Backoff(initial: .milliseconds(1), maximum: .milliseconds(8)) }
}
