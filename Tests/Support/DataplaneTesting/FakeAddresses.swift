// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
public import Reconcile

/// The dummy link as a model.
public final class FakeAddresses: AddressDataplane {
    public var hasLink = false
    /// What is bound now; assign to change it behind the daemon's back.
    public var bound: Set<IPAddress> = []
    /// Those that somebody bound who lets the node choose them as a source.
    public var selectable: Set<IPAddress> = []
    /// What somebody bound in another way than the daemon binds addresses.
    public var strays: Set<BoundAddress> = []
    public private(set) var writeCount = 0
    public var brokenAddresses: Set<IPAddress> = []

    /// How many addresses one call of `listAddresses` hands over.
    public var addressesPerPart = 3
    /// Whether a listing ends when addresses came or went since it began. The kernel may have its end ready before.
    public var noticesChanges = true
    /// Whether what comes and goes shows while addresses are listed, but for the part that has been listed.
    public var listingsShowChanges = false
    /// Whether a part has been listed, and not all of it.
    public var isPartlyListed: Bool { parts != nil }
    private var listing = ReadingUnderWay()
    private var parts: PartedReading<BoundAddress>?

    private var nextApplyFailure: DataplaneError?

    private let onChange: (String) -> Void

    public init(onChange: @escaping (String) -> Void = { _ in }) {
        self.onChange = onChange
    }

    public func linkExists() throws(DataplaneError) -> Bool { hasLink }

    public func createLink() throws(DataplaneError) {
        guard !hasLink else { throw DataplaneError(part: .addresses, number: 17, explanation: "the link exists") }
        hasLink = true
        wrote("create link")
    }

    public func listAddresses(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        let family = reading.subject
        var now = strays.filter { $0.family == family }
        for address in bound where address.family == family {
            now.insert(BoundAddress(address, isSelectable: selectable.contains(address)))
        }
        let turn = listing.takeUp(&reading)
        if turn == .first { parts = PartedReading(of: now) }
        guard turn != .none, var parts = parts.take(), parts.start == now || !noticesChanges else { return .lapsed }
        let hasMore = parts.next(addressesPerPart, showing: listingsShowChanges ? now : nil, body)
        if hasMore { self.parts = parts }
        return listing.putDown(reading, hasMore: hasMore)
    }

    /// The next exchange breaks, and nothing takes effect.
    public func failNextApply() {
        nextApplyFailure = DataplaneError(part: .addresses, explanation: "the fake broke off")
    }

    public func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>] {
        if let failure = nextApplyFailure.take() { throw failure }
        guard hasLink else { throw DataplaneError(part: .addresses, number: 19, explanation: "there is no link") }
        var refused: [RefusedChange<AddressChange>] = []
        for change in changes {
            guard !brokenAddresses.contains(change.address) else {
                let error = DataplaneError(part: .addresses, number: 22, explanation: "refused by the fake")
                refused.append(RefusedChange(change: change, error: error))
                continue
            }
            switch change {
            case .bind(let address): bind(address)
            case .unbind(let address): bound.remove(address)
            case .removeStray(let stray): remove(stray)
            }
            wrote("\(change)")
        }
        return refused
    }

    private func bind(_ address: IPAddress) {
        // Of IPv6 the kernel keeps an address once for each link, whatever its prefix length.
        if address.family == .v6, strays.contains(where: { $0.address == address }) { return }
        bound.insert(address)
        selectable.remove(address)
    }

    private func remove(_ stray: BoundAddress) {
        strays.remove(stray)
        // With the first address of a network the kernel removes the others of the same prefix length.
        if let peer = stray.peer, stray.prefixLength == stray.family.bitWidth { bound.remove(peer) }
    }

    private func wrote(_ what: String) {
        writeCount += 1
        onChange("address \(what)")
    }
}
