// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel
import Netlink
public import Reconcile

extension KernelAddresses {
    public func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>] {
        guard !changes.isEmpty else { return [] }
        let concernsLink = changes.contains { !$0.concernsRoute }
        do throws(NetlinkError) {
            let index = concernsLink ? try existingLink().index : 0
            // What an error left there while it was filled.
            batch.removeAll()
            var refused: [RefusedRequest] = []
            var unsent: [RefusedChange<AddressChange>] = []
            for (position, change) in changes.enumerated() {
                guard !change.makesUnspecifiedLocal else {
                    let error = NetlinkError(
                        .request, .addressNotAvailable, explanation: "the unspecified address can be nobody's")
                    unsent.append(RefusedChange(change: change, error: change.refusal(error, link: name)))
                    continue
                }
                try request.write(change, link: index)
                if !batch.hasRoom(for: request) { refused += try socket.submit(&batch) }
                batch.append(request, tag: position)
            }
            refused += try socket.submit(&batch)
            let refusedPositions = Set(refused.map(\.tag))
            try awaitOwnRoutes(
                of: changes.enumerated().lazy.compactMap { position, change in
                    if case .bind(let address) = change, !refusedPositions.contains(position) { address } else { nil }
                })
            return unsent
                + refused.compactMap { refusal in
                    let change = changes[refusal.tag]
                    guard !change.isAlreadySo(refusal.error.errno) else { return nil }
                    return RefusedChange(change: change, error: change.refusal(refusal.error, link: name))
                }
        } catch {
            guard concernsLink else { throw DataplaneError(.routes, "change local routes", error) }
            throw DataplaneError(.addresses, "change the addresses of \(name)", error)
        }
    }
}

extension AddressChange {
    /// Whether it would make the node's own what nobody can send to. Of the address the kernel would say that it is done,
    /// and do nothing (`__inet_insert_ifa` in `net/ipv4/devinet.c`).
    fileprivate var makesUnspecifiedLocal: Bool {
        switch self {
        case .bind(let address): address.family == .v4 && address.isUnspecified
        case .addRoute(let address): address.isUnspecified
        default: false
        }
    }

    /// Whether the kernel refused it because there was nothing to do. An address that is bound in another way is another one to
    /// the kernel, and stays: readings show it.
    fileprivate func isAlreadySo(_ errno: Errno) -> Bool {
        switch self {
        case .bind: errno == .exists
        case .unbind, .removeStray: errno == .addressNotAvailable
        // One that is there is replaced.
        case .addRoute: false
        case .removeRoute, .removeStrayRoute: errno == .noProcess
        }
    }

    fileprivate func refusal(_ error: NetlinkError, link: String) -> DataplaneError {
        switch self {
        case .bind(let address): DataplaneError(.addresses, "bind \(address) to \(link)", error)
        case .unbind(let address): DataplaneError(.addresses, "unbind \(address) from \(link)", error)
        case .removeStray(let stray): DataplaneError(.addresses, "remove \(stray) from \(link)", error)
        case .addRoute, .removeRoute, .removeStrayRoute: DataplaneError(.routes, "\(self)", error)
        }
    }
}
