import Addressing
import DataplaneModel

extension FamilyReconciler {
    /// Binds the addresses that are wanted, then unbinds those that are not.
    mutating func changeAddresses(
        _ addresses: some Collection<IPAddress>,
        _ dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) {
        guard mirror.addresses != nil else { return }
        var binds: [AddressChange] = []
        var unbinds: [AddressChange] = []
        for address in addresses.sorted() {
            switch (desired.contains(address), mirror.addresses?.contains(address) == true) {
            case (true, false): binds.append(.bind(address))
            case (false, true): unbinds.append(.unbind(address))
            default: pending.addresses.remove(address)
            }
        }
        let changes = binds + unbinds
        guard !changes.isEmpty else { return }
        do throws(DataplaneError) {
            let refused = try dataplane.apply(changes)
            for change in changes { verification?.addressReading.members?.noteWritten(change.address) }
            let refusedAddresses = Set(refused.lazy.map(\.change.address))
            let count = (mirror.addresses?.count ?? 0) + binds.count
            mirror.addresses?.reserveCapacity(count)
            for change in changes {
                guard !refusedAddresses.contains(change.address) else {
                    pending.addresses.insert(change.address)
                    continue
                }
                switch change {
                case .bind(let address): mirror.addresses?.insert(address)
                case .unbind(let address): mirror.addresses?.remove(address)
                }
                pending.addresses.remove(change.address)
                report.count(.address)
            }
            report.refusals += refused.map {
                Refusal(kind: .address, attempt: "\($0.change)", error: $0.error)
            }
        } catch {
            mirror.addresses = nil
            verification?.addressReading.members = nil
            report.failures.append(error)
        }
    }
}
