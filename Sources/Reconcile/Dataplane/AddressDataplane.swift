// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// What makes virtual IPs the own ones of a network namespace: the dummy link with its addresses, and local routes.
public protocol AddressDataplane: AnyObject {
    /// Whether the dummy link is there.
    ///
    /// - Throws: also when a link of that name is not a dummy.
    func linkExists() throws(DataplaneError) -> Bool

    /// As `ip link add kube-ipvs0 type dummy`; the link stays down. Without IPv6 link-local address.
    func createLink() throws(DataplaneError)

    /// Hands over the next part of a family's addresses on the dummy link: all of them, however they are bound.
    ///
    /// The reading lapses when addresses of the family come or go.
    func listAddresses(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> ReadingProgress

    /// Hands over the next part of a family's routes of the daemon's protocol number in table `local`.
    ///
    /// The reading lapses when it may have left out routes that were there all the time.
    func listRoutes(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (LocalRoute) -> Void
    ) throws(DataplaneError) -> ReadingProgress

    /// Carries the changes out in order. Making local what is and removing what is not is no failure. What is bound in another
    /// way (`BoundAddress.isStray`) is neither bound nor unbound by that. An address and a route of one virtual IP may be
    /// there together, and each can go without the other.
    ///
    /// - Returns: the changes that the kernel refused. Every other one took effect.
    func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>]
}

extension AddressDataplane {
    /// All addresses of a family on the dummy link, however they are bound, but loopback and IPv6 link-local ones.
    public func boundAddresses(of family: IPFamily) throws(DataplaneError) -> Set<IPAddress> {
        try all(of: family) { (reading, found) throws(DataplaneError) in
            try listAddresses(&reading) {
                guard $0.address.family == family, !DummyLink.keepsUnwanted($0.address) else { return }
                found.insert($0.address)
            }
        }
    }

    /// All routes of a family that have the daemon's protocol number in table `local`.
    public func localRoutes(of family: IPFamily) throws(DataplaneError) -> Set<LocalRoute> {
        try all(of: family) { (reading, found) throws(DataplaneError) in
            try listRoutes(&reading) { found.insert($0) }
        }
    }

    private func all<Member: Hashable>(
        of family: IPFamily,
        _ readNext: (inout KernelReading<IPFamily>, inout Set<Member>) throws(DataplaneError) -> ReadingProgress
    ) throws(DataplaneError) -> Set<Member> {
        for _ in 0...AddressReading.maximumRestarts {
            var found: Set<Member> = []
            var reading = KernelReading(of: family)
            var progress = ReadingProgress.more
            while progress == .more { progress = try readNext(&reading, &found) }
            if progress == .complete { return found }
        }
        throw DataplaneError(part: .addresses, explanation: "the virtual IPs changed whenever they were read")
    }
}
