import Addressing
import DataplaneModel

/// A reading of the dummy link's addresses that is under way.
struct AddressReading {
    /// `nil` before its first part.
    var kernel: KernelReading<IPFamily>?
    var members: MembershipReading<IPAddress>?
    /// How often addresses came or went meanwhile, so that it began anew.
    var restarts = 0
    /// What was read that is bound in another way than the daemon binds addresses.
    var strays: [BoundAddress] = []
    /// Those of them that are still to be removed, once all have been read; `nil` before that.
    var unremovedStrays: ArraySlice<BoundAddress>?

    /// So often it is begun in parts. After that all parts are read at once, lest changes without end keep it from ending.
    static let restartsInParts = 2
    static let maximumRestarts = 16
}

extension FamilyReconciler {
    /// How many addresses one step of a verifying pass binds: some 2 ms of the kernel's time.
    ///
    /// For each IPv4 address the kernel walks all that the link has (`__inet_insert_ifa` in `net/ipv4/devinet.c`): it takes
    /// 10 µs, and 10 µs more for each thousand of these (User Mode Linux).
    ///
    /// - Parameter bound: how many the link has.
    static func addressesPerStep(bound: Int) -> Int {
        max(4, 200_000 / (bound + 1_000))
    }

    /// How many addresses a pass of mode `changes` binds, and how many it unbinds, before others may write.
    static func addressesPerPass(bound: Int) -> Int { 5 * addressesPerStep(bound: bound) }

    mutating func verifyNextAddresses(_ step: inout Verification, _ dataplane: any AddressDataplane) {
        guard var unbound = step.unbound else {
            do throws(DataplaneError) {
                let missing = try readNextAddresses(&step.addressReading, dataplane, &step.report)
                step.unbound = missing?.sorted()[...]
            } catch {
                step.noteUnread(error)
                step.phase = .removals
            }
            return
        }
        let batch = unbound.prefix(Self.addressesPerStep(bound: mirror.addresses?.count ?? 0))
        unbound = unbound.dropFirst(batch.count)
        step.unbound = unbound
        changeAddresses(batch, dataplane, &step.report)
        if unbound.isEmpty { step.phase = .removals }
    }

    /// Reads all addresses, creates the link where it is missing, removes what is bound as the daemon binds nothing, and notes
    /// as pending what is too many.
    ///
    /// - Returns: those that are missing.
    mutating func readAddresses(
        _ dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) -> [IPAddress] {
        // That of a verifying pass which is under way ends by this, and begins anew.
        var reading = AddressReading(restarts: AddressReading.restartsInParts)
        while true {
            if let missing = try readNextAddresses(&reading, dataplane, &report) { return missing }
        }
    }

    /// - Returns: the addresses that are missing; `nil` when there is more to be read.
    private mutating func readNextAddresses(
        _ reading: inout AddressReading,
        _ dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) -> [IPAddress]? {
        do throws(DataplaneError) {
            return try readNextPart(&reading, dataplane, &report)
        } catch {
            mirror.addresses = nil
            throw error
        }
    }

    private mutating func readNextPart(
        _ reading: inout AddressReading,
        _ dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) -> [IPAddress]? {
        guard reading.unremovedStrays?.isEmpty != false else {
            try removeStrays(&reading, dataplane, &report)
            return nil
        }
        let isStart = reading.kernel == nil || reading.members == nil
        if isStart { try keepLink(dataplane, &report) }
        var kernel = isStart ? KernelReading(of: family) : reading.kernel.take() ?? KernelReading(of: family)
        var members = reading.members.take() ?? MembershipReading(knowing: mirror.addresses)
        var strays = isStart ? [] : reading.strays
        let desired = desired
        var progress = ReadingProgress.more
        while progress == .more {
            progress = try dataplane.listAddresses(&kernel) { bound in
                let address = bound.address
                let isWanted = desired.contains(address)
                guard isWanted || !DummyLink.keepsUnwanted(address) || members.isAwaited(address) else { return }
                if bound.isStray {
                    strays.append(bound)
                } else if !bound.isSelectable || !isWanted {
                    // One that is to be bound again counts as not bound.
                    members.note(address)
                }
            }
            guard progress != .lapsed else {
                reading.restarts += 1
                guard reading.restarts <= AddressReading.maximumRestarts else {
                    throw DataplaneError(
                        part: .addresses,
                        explanation: "the addresses changed during each of \(reading.restarts) readings")
                }
                return nil
            }
            if progress == .more, reading.restarts < AddressReading.restartsInParts {
                (reading.kernel, reading.members, reading.strays) = (kernel, members, strays)
                return nil
            }
        }
        if !strays.isEmpty, reading.unremovedStrays == nil {
            report.countDrift(.address, strays.count)
            reading.unremovedStrays = strays[...]
            return nil
        }

        let (missing, drift) = members.conclude(
            known: &mirror.addresses,
            pending: &pending.addresses,
            wanted: desired.addresses,
            isWanted: { desired.contains($0) }
        )
        report.countDrift(.address, drift)
        mustReadAddresses = false
        return missing
    }

    /// Removes some of what was found bound in another way. When none is left, all is read anew: with an address of IPv4 the kernel
    /// removes those that are secondary to it (`__inet_del_ifa` in `net/ipv4/devinet.c`), among them perhaps one of ours.
    private mutating func removeStrays(
        _ reading: inout AddressReading,
        _ dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        let strays = reading.unremovedStrays ?? []
        let batch = strays.prefix(Self.addressesPerStep(bound: mirror.addresses?.count ?? 0))
        reading.unremovedStrays = strays.dropFirst(batch.count)
        var changes: [AddressChange] = []
        for stray in batch {
            let isWanted = stray.family == family && desired.contains(stray.address)
            // Of IPv4 both are there for a moment, so that the address is always served.
            if isWanted, family == .v4 { changes.append(.bind(stray.address)) }
            changes.append(.removeStray(stray))
            if isWanted { changes.append(.bind(stray.address)) }
        }
        let refused = try dataplane.apply(changes)
        // Bindings are tried again after the next reading, which tells what is missing.
        let kept = refused.filter { if case .removeStray = $0.change { true } else { false } }
        report.count(.address, batch.count - kept.count)
        report.refusals += kept.map { Refusal(kind: .address, attempt: "\($0.change)", error: $0.error) }
    }

    private mutating func keepLink(
        _ dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        if try !dataplane.linkExists() {
            try dataplane.createLink()
            report.count(.link)
            if mirror.linkExists { report.countDrift(.link, 1) }
        }
        mirror.linkExists = true
    }
}
