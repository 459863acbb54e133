// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

extension AddressKeeper {
    /// Begins to read what makes virtual IPs the node's own.
    mutating func beginVerifying() {
        unsettled.retryAll()
        reading = AddressReading(family: family, mode: mode, isInParts: true)
        unbound = nil
    }

    /// Reads a part, or removes some that are bound as the daemon binds nothing, or binds some that are missing. What is too many
    /// is noted as pending.
    ///
    /// - Throws: when they could not be read. The verifying of them has then ended.
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

    /// - Returns: the virtual IPs that are missing; `nil` when there is more to be read.
    mutating func readNext<Owner>(
        _ reading: inout AddressReading,
        _ desired: DesiredState<Owner>,
        on dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) -> [IPAddress]? {
        do throws(DataplaneError) {
            if let strays = reading.takeStrays(min(addressesPerStep, 200)) {
                try remove(strays, desired, on: dataplane, &report)
                return nil
            }
            if reading.isAtStart { try keepLink(on: dataplane, &report) }
            switch try reading.next(desired, knowing: known, on: dataplane) {
            case .part: return nil
            case .strays(let strays):
                for kind in [ObjectKind.address, .route] {
                    report.countDrift(kind, strays.filter { $0.kind == kind }, name: \.objectName)
                }
                return nil
            case .whole(let members):
                let (missing, drift) = unsettled.conclude(
                    members, known: &known, wanted: desired.addresses, isWanted: { desired.contains($0) })
                report.countDrift(mode.kind, drift) { "\(mode.kind) \($0)" }
                mustRead = false
                return missing
            }
        } catch {
            known = nil
            throw error
        }
    }

    private func remove<Owner>(
        _ strays: ArraySlice<AddressChange>,
        _ desired: DesiredState<Owner>,
        on dataplane: any AddressDataplane,
        _ report: inout PassReport
    ) throws(DataplaneError) {
        let isWanted = { [family] (stray: AddressChange) in
            stray.family == family && desired.contains(stray.address)
        }
        let unreplaced = try replace(Array(strays.filter { isOfOtherMode($0) && isWanted($0) }), on: dataplane)
        let removals = strays.filter { !unreplaced.contains($0) }
        var changes: [AddressChange] = []
        for stray in removals {
            guard isWanted(stray), !isOfOtherMode(stray) else {
                changes.append(stray)
                continue
            }
            let binding = AddressChange.adding(stray.address, mode)
            // Both are there for a moment, so that the virtual IP is always served. IPv6 has no address twice on one link.
            if family == .v4 || binding.concernsRoute { changes.append(binding) }
            changes.append(stray)
            // The kernel may remove more than the stray.
            changes.append(binding)
        }
        // Bindings are tried again after the next reading, which tells what is missing.
        let names = Set(removals)
        let kept = try dataplane.apply(changes).filter { names.contains($0.change) }
        for kind in [ObjectKind.address, .route] {
            report.count(kind, removals.count { $0.kind == kind } - kept.count { $0.change.kind == kind })
        }
        report.refusals += kept.map { Refusal(kind: $0.change.kind, attempt: "\($0.change)", error: $0.error) }
    }

    /// Whether a stray makes its virtual IP local in the way that is not the daemon's.
    private func isOfOtherMode(_ stray: AddressChange) -> Bool { stray.concernsRoute != (mode == .routes) }

    /// Binds the virtual IPs of strays as they should be, while the strays are there.
    ///
    /// - Returns: those of which the kernel has refused that. They stay, for nothing else makes their virtual IPs local.
    private func replace(
        _ strays: [AddressChange],
        on dataplane: any AddressDataplane
    ) throws(DataplaneError) -> Set<AddressChange> {
        guard !strays.isEmpty else { return [] }
        let refused = try dataplane.apply(strays.map { .adding($0.address, mode) })
        guard !refused.isEmpty else { return [] }
        let names = Set(refused.map(\.change.address))
        return Set(strays.filter { names.contains($0.address) })
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

extension AddressChange {
    /// Of a stray that it removes, for a person.
    fileprivate var objectName: String {
        switch self {
        case .removeStray(let stray): "address \(stray)"
        case .removeStrayRoute(let stray): "route \(stray)"
        case .bind, .unbind, .addRoute, .removeRoute: "\(kind) \(address)"
        }
    }
}
