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

    /// Hands over a part of a family's addresses on the dummy link, from one reading: all of them, however they are bound. Other
    /// calls may come in between.
    ///
    /// There is one reading at a time: it ends early when another one begins.
    ///
    /// - Parameter isStart: whether to begin anew; otherwise the reading that was begun goes on.
    /// - Returns: whether there is more; `nil` when addresses came or went since the reading began, or when there is none to go
    ///   on with: what was handed over is then of no use.
    func listAddresses(
        of family: IPFamily,
        restarting isStart: Bool,
        _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> Bool?

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
            var isStart = true
            while let hasMore = try listAddresses(
                of: family, restarting: isStart,
                {
                    guard $0.address.family == family, !DummyLink.keepsUnwanted($0.address) else { return }
                    addresses.insert($0.address)
                })
            {
                guard hasMore else { return addresses }
                isStart = false
            }
        }
        throw DataplaneError(part: .addresses, explanation: "the addresses changed whenever they were read")
    }
}
