// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// Keeps one family's virtual IPs the node's own, and the dummy link.
///
/// Each is bound as an address of the link, or is the destination of a local route: as `mode` says. A virtual IP that is
/// the node's own in the other way has been left by kube-proxy, or by a daemon with the other mode. `AddressReading` takes it for
/// a stray: what is wanted is bound as it should be, and then the stray is removed. Both may be there at once, so the virtual
/// IP is served all the time.
struct AddressKeeper {
    typealias Instant = ContinuousClock.Instant

    let family: IPFamily
    let mode: VirtualIPMode
    /// Virtual IPs that are bound as they should be, as the kernel has acknowledged; `nil` when it has to be read first.
    var known: Set<IPAddress>?
    /// Whether the link was there when it was last looked at.
    var hasSeenLink = false
    var unsettled = UnsettledObjects<IPAddress>()
    /// Whether the kernel seems to have others than are known.
    var mustRead = false
    /// That of a verifying pass.
    var reading: AddressReading?
    /// Virtual IPs that the verifying pass has still to bind; `nil` until it has read all.
    var unbound: ArraySlice<IPAddress>?
    /// Whether the last pass has left something for another one, which need not wait.
    private(set) var hasMore = false

    init(family: IPFamily, mode: VirtualIPMode = .addresses) {
        self.family = family
        self.mode = mode
    }

    /// Whether addresses may differ from what is wanted.
    var hasWork: Bool { !unsettled.pending.isEmpty || mustRead }

    /// Addresses that the kernel has refused.
    var refused: Refusals<IPAddress> { unsettled.refused }

    /// Whether a verifying pass has still to read or to bind some.
    var isVerifying: Bool { reading != nil || unbound != nil }

    /// Takes over addresses that may differ from what is wanted.
    mutating func take(_ touched: inout Set<IPAddress>) { unsettled.take(&touched) }

    /// Compares notifications about addresses of the dummy link and about local routes with what is wanted. Where they
    /// differ, the next pass reads both. Echoes of our own writes do not differ.
    ///
    /// - Returns: whether there is something to be read.
    mutating func note<Owner>(_ events: AddressEvents, _ desired: DesiredState<Owner>) -> Bool {
        let isOtherwise =
            events.virtualIPsAreUnknown
            || events.dummyLink.contains { address, isThere in
                differs(address, isThere, as: .addresses, desired)
                    && (desired.contains(address) || !DummyLink.keepsUnwanted(address))
            }
            || events.routes.contains { differs($0, $1, as: .routes, desired) }
        mustRead = mustRead || isOtherwise
        return isOtherwise
    }

    private func differs<Owner>(
        _ address: IPAddress,
        _ isThere: Bool,
        as found: VirtualIPMode,
        _ desired: DesiredState<Owner>
    ) -> Bool {
        guard address.family == family, !unsettled.pending.contains(address) else { return false }
        return isThere != (found == mode && desired.contains(address))
    }

    /// Begins a pass that writes what has changed: what was refused and may be tried again is tried in it.
    mutating func beginPass(at now: Instant) {
        hasMore = false
        unsettled.retryDue(at: now)
    }

    // MARK: Writing

    /// Binds some of those that are wanted.
    ///
    /// - Parameter unserved: addresses that are to wait, because nothing would answer at them.
    mutating func bindWanted<Owner>(
        _ desired: DesiredState<Owner>,
        butFor unserved: Set<IPAddress>,
        at now: Instant,
        on dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) {
        let wanted = unsettled.pending.filter { desired.contains($0) && (unserved.isEmpty || !unserved.contains($0)) }
        change(nextAddresses(wanted), desired, at: now, on: dataplane, &report)
    }

    /// Reads what there is if a notification says that it is something else. What is missing or too many is then pending.
    mutating func readIfSuspect<Owner>(
        _ desired: DesiredState<Owner>,
        on dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) {
        guard mustRead else { return }
        // That of a verifying pass which is under way lapses by this, and begins anew.
        var reading = AddressReading(family: family, mode: mode, isInParts: false)
        do throws(DataplaneError) {
            while true {
                guard let missing = try readNext(&reading, desired, on: dataplane, &report) else { continue }
                for address in missing { unsettled.insert(address) }
                return
            }
        } catch {
            report.failures.append(error)
        }
    }

    /// Unbinds some of those that are no longer wanted.
    ///
    /// - Returns: whether none is left, as far as is known: what an address needs goes after it.
    mutating func unbindUnwanted<Owner>(
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) -> Bool {
        let unwanted = unsettled.pending.filter { !desired.contains($0) }
        change(nextAddresses(unwanted), desired, at: now, on: dataplane, &report)
        return known == nil || !unsettled.pending.contains { !desired.contains($0) }
    }

    /// How many virtual IPs one step of a verifying pass binds: some 2 ms of the kernel's time.
    ///
    /// For each IPv4 address the kernel walks all that the link has (`__inet_insert_ifa` in `net/ipv4/devinet.c`). One
    /// takes 10 µs, and 10 µs more for each thousand that are there. A route takes 2 µs, however many there are (User Mode
    /// Linux).
    var addressesPerStep: Int {
        switch mode {
        case .addresses: max(4, 200_000 / ((known?.count ?? 0) + 1_000))
        case .routes: 1_000
        }
    }

    /// Of these addresses as many as one pass binds or unbinds: the kernel takes long for many.
    private mutating func nextAddresses(_ addresses: Set<IPAddress>) -> [IPAddress] {
        let limit = 5 * addressesPerStep
        guard known != nil, addresses.count > limit else { return Array(addresses) }
        hasMore = true
        return Array(addresses.sorted().prefix(limit))
    }

    /// Binds those that are wanted, then unbinds those that are not.
    mutating func change<Owner>(
        _ addresses: some Collection<IPAddress>,
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) {
        guard known != nil else {
            // The next reading finds all that differs. Until there is one, names may come and go without end.
            unsettled.forgetPending()
            return
        }
        var binds: [AddressChange] = []
        var unbinds: [AddressChange] = []
        for address in addresses.sorted() {
            switch (desired.contains(address), known?.contains(address) == true) {
            case (true, false): binds.append(.adding(address, mode))
            case (false, true): unbinds.append(.removing(address, mode))
            default: unsettled.noteDone(address)
            }
        }
        let changes = binds + unbinds
        guard !changes.isEmpty else { return }
        do throws(DataplaneError) {
            let refused = Dictionary(
                try dataplane.apply(changes).lazy.map {
                    ($0.change.address, Refusal(kind: $0.change.kind, attempt: "\($0.change)", error: $0.error))
                },
                uniquingKeysWith: { first, _ in first }
            )
            let count = (known?.count ?? 0) + binds.count
            known?.reserveCapacity(count)
            for change in changes {
                // Also where the table is empty, a look into it hashes.
                follow(change, refused.isEmpty ? nil : refused[change.address], at: now, &report)
            }
        } catch {
            known = nil
            reading?.restart()
            report.failures.append(error)
        }
    }

    private mutating func follow(
        _ change: AddressChange,
        _ refusal: Refusal?,
        at now: Instant,
        _ report: inout PassReport
    ) {
        reading?.noteWritten(change.address)
        if let refusal {
            report.refusals.append(refusal)
            unsettled.noteRefused(change.address, refusal, at: now)
            return
        }
        switch change {
        case .bind(let address), .addRoute(let address): known?.insert(address)
        case .unbind(let address), .removeRoute(let address): known?.remove(address)
        case .removeStray, .removeStrayRoute: break
        }
        unsettled.noteDone(change.address)
        report.count(change.kind)
    }
}

extension VirtualIPMode {
    /// Under which kind of object virtual IPs count.
    var kind: ObjectKind {
        switch self {
        case .addresses: .address
        case .routes: .route
        }
    }
}

extension AddressChange {
    var kind: ObjectKind { concernsRoute ? .route : .address }
}
