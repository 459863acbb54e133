import Addressing
import DataplaneModel

/// A reading of the dummy link's addresses that is under way.
struct AddressReading {
    /// `nil` before its first part.
    var members: MembershipReading<IPAddress>?
    /// How often addresses came or went meanwhile, so that it began anew.
    var restarts = 0

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

    /// Reads all addresses, creates the link where it is missing, and notes as pending what is too many.
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
        var isStart = reading.members == nil
        if isStart { try keepLink(dataplane, &report) }
        var members = reading.members.take() ?? MembershipReading(knowing: mirror.addresses)
        let desired = desired
        var hasMore = true
        while hasMore {
            let part = try dataplane.listAddresses(of: family, restarting: isStart) { bound in
                // One that is to be bound again counts as not bound.
                if !bound.isSelectable || !desired.contains(bound.address) { members.note(bound.address) }
            }
            guard let part else {
                reading.restarts += 1
                guard reading.restarts <= AddressReading.maximumRestarts else {
                    throw DataplaneError(
                        part: .addresses,
                        explanation: "the addresses changed during each of \(reading.restarts) readings")
                }
                return nil
            }
            (isStart, hasMore) = (false, part)
            if hasMore, reading.restarts < AddressReading.restartsInParts {
                reading.members = members
                return nil
            }
        }

        let (missing, drift) = members.conclude(
            known: &mirror.addresses,
            pending: &pending.addresses,
            wanted: desired.addresses,
            isWanted: { desired.contains($0) }
        )
        if hasVerified { report.countDrift(.address, drift) }
        addressesAreSuspect = false
        return missing
    }

    private mutating func keepLink(
        _ dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        if try !dataplane.linkExists() {
            try dataplane.createLink()
            report.count(.link)
            if hasVerified, mirror.linkExists {
                report.countDrift(.link, 1)
            }
        }
        mirror.linkExists = true
    }
}
