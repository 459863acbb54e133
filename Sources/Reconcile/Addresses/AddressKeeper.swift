// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// Keeps the addresses that one family's virtual IPs are on the dummy link, and the link itself.
///
/// Which virtual IPs are local, pending or refused is decided here. How the kernel is told is in `AddressReading`,
/// `AddressChange` and what is said here about the link. Another way to make them local would replace those alone.
struct AddressKeeper {
    typealias Instant = ContinuousClock.Instant

    private let family: IPFamily
    /// What the kernel has acknowledged; `nil` when it has to be read first.
    private var known: Set<IPAddress>?
    /// Whether the link was there when it was last looked at.
    private var hasSeenLink = false
    private var unsettled = UnsettledObjects<IPAddress>()
    /// Whether the link seems to have other addresses than are known.
    private var mustRead = false
    /// That of a verifying pass.
    private var reading: AddressReading?
    /// Addresses that the verifying pass has still to bind; `nil` until it has read all.
    private var unbound: ArraySlice<IPAddress>?
    /// Whether the last pass has left something for another one, which need not wait.
    private(set) var hasMore = false

    init(family: IPFamily) {
        self.family = family
    }

    /// Whether addresses may differ from what is wanted.
    var hasWork: Bool { !unsettled.pending.isEmpty || mustRead }

    /// Addresses that the kernel has refused.
    var refused: Refusals<IPAddress> { unsettled.refused }

    /// Whether a verifying pass has still to read or to bind some.
    var isVerifying: Bool { reading != nil || unbound != nil }

    /// Takes over addresses that may differ from what is wanted.
    mutating func take(_ touched: inout Set<IPAddress>) { unsettled.take(&touched) }

    /// Compares notifications about the dummy link's addresses with what is wanted. Where they differ, the next pass
    /// reads the addresses. Echoes of our own writes do not differ.
    ///
    /// - Returns: whether there is something to be read.
    mutating func note<Owner>(_ events: AddressEvents, _ desired: DesiredState<Owner>) -> Bool {
        let isOtherwise =
            events.dummyLinkIsUnknown
            || events.dummyLink.contains { address, isThere in
                let isWanted = desired.contains(address)
                return address.family == family && isThere != isWanted && !unsettled.pending.contains(address)
                    && (isWanted || !DummyLink.keepsUnwanted(address))
            }
        mustRead = mustRead || isOtherwise
        return isOtherwise
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

    /// Reads the addresses if there was word that the link has others. What is missing or too many is then pending.
    mutating func readIfSuspect<Owner>(
        _ desired: DesiredState<Owner>,
        on dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) {
        guard mustRead else { return }
        // That of a verifying pass which is under way lapses by this, and begins anew.
        var reading = AddressReading(family: family, isInParts: false)
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

    /// How many addresses one step of a verifying pass binds: some 2 ms of the kernel's time.
    ///
    /// For each IPv4 address the kernel walks all that the link has (`__inet_insert_ifa` in `net/ipv4/devinet.c`). One
    /// takes 10 µs, and 10 µs more for each thousand that are there (User Mode Linux).
    private var addressesPerStep: Int { max(4, 200_000 / ((known?.count ?? 0) + 1_000)) }

    /// Of these addresses as many as one pass binds or unbinds: the kernel takes long for many.
    private mutating func nextAddresses(_ addresses: Set<IPAddress>) -> [IPAddress] {
        let limit = 5 * addressesPerStep
        guard known != nil, addresses.count > limit else { return Array(addresses) }
        hasMore = true
        return Array(addresses.sorted().prefix(limit))
    }

    /// Binds those that are wanted, then unbinds those that are not.
    private mutating func change<Owner>(
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
            case (true, false): binds.append(.bind(address))
            case (false, true): unbinds.append(.unbind(address))
            default: unsettled.noteDone(address)
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
        case .bind(let address): known?.insert(address)
        case .unbind(let address): known?.remove(address)
        case .removeStray: break
        }
        unsettled.noteDone(change.address)
        report.count(.address)
    }

    // MARK: Verifying

    /// Begins to read all addresses.
    mutating func beginVerifying() {
        unsettled.retryAll()
        reading = AddressReading(family: family, isInParts: true)
        unbound = nil
    }

    /// Reads a part of the addresses, or removes some that are bound as the daemon binds nothing, or binds some that are missing.
    /// What is too many is noted as pending.
    ///
    /// - Throws: when the addresses could not be read. The verifying of them has then ended.
    mutating func verifyNext<Owner>(
        _ desired: DesiredState<Owner>,
        at now: Instant,
        on dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        // Taken out, so that it is changed in place.
        if var reading = reading.take() {
            if let missing = try readNext(&reading, desired, on: dataplane, &report) {
                unbound = missing.sorted()[...]
            } else {
                self.reading = reading
            }
            return
        }
        let count = addressesPerStep
        let batch = unbound?.prefix(count) ?? []
        unbound = unbound?.dropFirst(count)
        change(batch, desired, at: now, on: dataplane, &report)
        if unbound?.isEmpty == true { unbound = nil }
    }

    /// - Returns: the addresses that are missing; `nil` when there is more to be read.
    private mutating func readNext<Owner>(
        _ reading: inout AddressReading,
        _ desired: DesiredState<Owner>,
        on dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) -> [IPAddress]? {
        do throws(DataplaneError) {
            if let strays = reading.takeStrays(addressesPerStep) {
                try remove(strays, desired, on: dataplane, &report)
                return nil
            }
            if reading.isAtStart { try keepLink(on: dataplane, &report) }
            switch try reading.next(desired, knowing: known, on: dataplane) {
            case .part: return nil
            case .strays(let strays):
                report.countDrift(.address, strays) { "address \($0)" }
                return nil
            case .whole(let members):
                let (missing, drift) = unsettled.conclude(
                    members, known: &known, wanted: desired.addresses, isWanted: { desired.contains($0) })
                report.countDrift(.address, drift) { "address \($0)" }
                mustRead = false
                return missing
            }
        } catch {
            known = nil
            throw error
        }
    }

    private func remove<Owner>(
        _ strays: ArraySlice<BoundAddress>,
        _ desired: DesiredState<Owner>,
        on dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        var changes: [AddressChange] = []
        for stray in strays {
            let isWanted = stray.family == family && desired.contains(stray.address)
            // Of IPv4 both are there for a moment, so that the address is always served.
            if isWanted, family == .v4 { changes.append(.bind(stray.address)) }
            changes.append(.removeStray(stray))
            if isWanted { changes.append(.bind(stray.address)) }
        }
        let refused = try dataplane.apply(changes)
        // Bindings are tried again after the next reading, which tells what is missing.
        let kept = refused.filter { if case .removeStray = $0.change { true } else { false } }
        report.count(.address, strays.count - kept.count)
        report.refusals += kept.map { Refusal(kind: .address, attempt: "\($0.change)", error: $0.error) }
    }

    private mutating func keepLink(
        on dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        if try !dataplane.linkExists() {
            try dataplane.createLink()
            report.count(.link)
            if hasSeenLink { report.countDrift(.link, CollectionOfOne(DummyLink.name)) { "link \($0)" } }
        }
        hasSeenLink = true
    }
}
