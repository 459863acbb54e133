import Addressing
import DataplaneModel

extension FamilyReconciler {
    /// Binds the addresses that are wanted, then unbinds those that are not.
    mutating func changeAddresses(
        _ addresses: some Collection<IPAddress>,
        _ dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) {
        guard mirror.addresses != nil else {
            // The next reading finds all that differs. Until there is one, names may come and go without end.
            pending.addresses = []
            return
        }
        var binds: [AddressChange] = []
        var unbinds: [AddressChange] = []
        for address in addresses.sorted() {
            switch (desired.contains(address), mirror.addresses?.contains(address) == true) {
            case (true, false): binds.append(.bind(address))
            case (false, true): unbinds.append(.unbind(address))
            default: noteDone(address)
            }
        }
        let changes = binds + unbinds
        guard !changes.isEmpty else { return }
        do throws(DataplaneError) {
            let refused = Dictionary(
                try dataplane.apply(changes).lazy.map {
                    ($0.change.address, Refusal(kind: .address, attempt: "\($0.change)", error: $0.error))
                },
                uniquingKeysWith: { first, _ in first }
            )
            for change in changes { verification?.addressReading.members?.noteWritten(change.address) }
            let count = (mirror.addresses?.count ?? 0) + binds.count
            mirror.addresses?.reserveCapacity(count)
            for change in changes {
                if !refused.isEmpty, let refusal = refused[change.address] {
                    report.refusals.append(refusal)
                    noteRefused(change.address, refusal)
                    continue
                }
                switch change {
                case .bind(let address): mirror.addresses?.insert(address)
                case .unbind(let address): mirror.addresses?.remove(address)
                case .removeStray: break
                }
                noteDone(change.address)
                report.count(.address)
            }
        } catch {
            mirror.addresses = nil
            verification?.addressReading.members = nil
            report.failures.append(error)
        }
    }
}
