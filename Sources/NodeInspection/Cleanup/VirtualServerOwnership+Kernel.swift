// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Reconcile

extension VirtualServerOwnership {
    /// Takes into account at which addresses this node serves node ports.
    mutating func readNodeAddresses() throws(DataplaneError) {
        nodeAddresses = try NodeAddressMonitor().nodeAddresses()
    }

    /// Takes the members of a set into account, where there is such a set.
    mutating func read(
        _ set: ServiceSet,
        of family: IPFamily,
        from sets: any IPSetDataplane
    ) throws(DataplaneError) {
        guard let (_, members) = try sets.contents(ofSetNamed: set.name(for: family)) else { return }
        for entry in members {
            note(entry, of: set)
        }
    }
}
