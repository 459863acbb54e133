// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// The dummy link of one network namespace, and its addresses.
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

    /// Carries the changes out in order. Binding what is bound and removing what is not is no failure. What is bound in another
    /// way (`BoundAddress.isStray`) is neither bound nor unbound by that.
    ///
    /// - Returns: the changes that the kernel refused. Every other one took effect.
    func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>]
}

extension AddressDataplane {
    /// All addresses of a family on the dummy link, however they are bound, but loopback and IPv6 link-local ones.
    public func boundAddresses(of family: IPFamily) throws(DataplaneError) -> Set<IPAddress> {
        for _ in 0...AddressReading.maximumRestarts {
            var addresses: Set<IPAddress> = []
            var reading = KernelReading(of: family)
            var progress = ReadingProgress.more
            while progress == .more {
                progress = try listAddresses(&reading) {
                    guard $0.address.family == family, !DummyLink.keepsUnwanted($0.address) else { return }
                    addresses.insert($0.address)
                }
            }
            if progress == .complete { return addresses }
        }
        throw DataplaneError(part: .addresses, explanation: "the addresses changed whenever they were read")
    }
}
