// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
public import Reconcile

/// The dummy link, and routes of the daemon's protocol number, as a model.
public final class FakeAddresses: AddressDataplane {
    public var hasLink = false
    /// What is bound now; assign to change it behind the daemon's back.
    public var bound: Set<IPAddress> = []
    /// Those that somebody bound who lets the node choose them as a source.
    public var selectable: Set<IPAddress> = []
    /// What somebody bound in another way than the daemon binds addresses.
    public var strays: Set<BoundAddress> = []
    /// Routes of the daemon's protocol number in table `local`; assign to change them behind the daemon's back.
    public var routes: Set<LocalRoute> = []
    public private(set) var writeCount = 0
    public var brokenAddresses: Set<IPAddress> = []
    /// Those of which it takes the address, and not the route.
    public var brokenRoutes: Set<IPAddress> = []

    /// How many one call of `listAddresses` or `listRoutes` hands over.
    public var addressesPerPart = 3
    /// Whether a listing ends when addresses came or went since it began. The kernel may have its end ready before.
    public var noticesChanges = true
    /// Whether what comes and goes shows while addresses are listed, but for the part that has been listed.
    public var listingsShowChanges = false
    /// Whether a part has been listed, and not all of it.
    public var isPartlyListed: Bool { parts != nil || routeParts != nil }
    private var listing = ReadingUnderWay()
    private var parts: PartedReading<BoundAddress>?
    private var routeParts: PartedReading<LocalRoute>?

    private var nextApplyFailure: DataplaneError?
    private var nextListingFailure: DataplaneError?

    private let onChange: (String) -> Void

    public init(onChange: @escaping (String) -> Void = { _ in }) {
        self.onChange = onChange
    }

    public func linkExists() throws(DataplaneError) -> Bool { hasLink }

    public func createLink() throws(DataplaneError) {
        guard !hasLink else { throw DataplaneError(part: .addresses, number: 17, explanation: "the link exists") }
        hasLink = true
        writeCount += 1
        onChange("address create link")
    }

    public func listAddresses(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        if let failure = nextListingFailure.take() { throw failure }
        let family = reading.subject
        var now = strays.filter { $0.family == family }
        for address in bound where address.family == family {
            now.insert(BoundAddress(address, isSelectable: selectable.contains(address)))
        }
        let turn = listing.takeUp(&reading)
        if turn == .first { (parts, routeParts) = (PartedReading(of: now), nil) }
        guard turn != .none, var parts = parts.take(), parts.start == now || !noticesChanges else { return .lapsed }
        let hasMore = parts.next(addressesPerPart, showing: listingsShowChanges ? now : nil, body)
        if hasMore { self.parts = parts }
        return listing.putDown(reading, hasMore: hasMore)
    }

    public func listRoutes(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (LocalRoute) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        let family = reading.subject
        let now = routes.filter { $0.family == family }
        let turn = listing.takeUp(&reading)
        if turn == .first { (parts, routeParts) = (nil, PartedReading(of: now)) }
        guard turn != .none, var parts = routeParts.take(), parts.start == now || !noticesChanges else {
            return .lapsed
        }
        let hasMore = parts.next(addressesPerPart, showing: listingsShowChanges ? now : nil, body)
        if hasMore { routeParts = parts }
        return listing.putDown(reading, hasMore: hasMore)
    }

    /// The next listing of addresses breaks off.
    public func failNextListing() {
        nextListingFailure = DataplaneError(part: .addresses, explanation: "the fake broke off")
    }

    /// The next exchange breaks, and nothing takes effect.
    public func failNextApply() {
        nextApplyFailure = DataplaneError(part: .addresses, explanation: "the fake broke off")
    }

    public func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>] {
        if let failure = nextApplyFailure.take() { throw failure }
        guard hasLink || changes.allSatisfy(\.concernsRoute) else {
            throw DataplaneError(part: .addresses, number: 19, explanation: "there is no link")
        }
        var refused: [RefusedChange<AddressChange>] = []
        for change in changes {
            guard !brokenAddresses.contains(change.address),
                !change.concernsRoute || !brokenRoutes.contains(change.address)
            else {
                let part: DataplaneError.Part = change.concernsRoute ? .routes : .addresses
                let error = DataplaneError(part: part, number: 22, explanation: "refused by the fake")
                refused.append(RefusedChange(change: change, error: error))
                continue
            }
            switch change {
            case .bind(let address): bind(address)
            case .unbind(let address): bound.remove(address)
            case .removeStray(let stray): remove(stray)
            case .addRoute(let address): addRoute(address)
            case .removeRoute(let address): removeRoute(LocalRoute(address))
            case .removeStrayRoute(let route): removeRoute(route)
            }
            wrote(change)
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

    /// What has the same destination and metric is replaced.
    private func addRoute(_ address: IPAddress) {
        let added = LocalRoute(address)
        routes = routes.filter { !$0.hasKey(of: added) }
        routes.insert(added)
    }

    /// The kernel compares less of a route than makes it a stray, and removes the first that fits.
    private func removeRoute(_ route: LocalRoute) {
        let fitting = routes.filter {
            $0.hasKey(of: route) && $0.isLocal == route.isLocal && (route.link == nil || $0.link == route.link)
        }
        if let removed = fitting.contains(route) ? route : fitting.first { routes.remove(removed) }
    }

    private func wrote(_ change: AddressChange) {
        writeCount += 1
        onChange(change.concernsRoute ? "route \(change)" : "address \(change)")
    }
}

extension LocalRoute {
    fileprivate func hasKey(of other: LocalRoute) -> Bool {
        (address, family, prefixLength, metric) == (other.address, other.family, other.prefixLength, other.metric)
            && typeOfService == other.typeOfService
    }
}
