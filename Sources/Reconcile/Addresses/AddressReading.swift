// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// A reading of one family's addresses on the dummy link, and then of its local routes, part by part. Passes may change
/// others meanwhile.
///
/// What another program has bound in another way than the daemon does, or a daemon of the other mode, is told apart here, as
/// strays.
struct AddressReading {
    enum Finding {
        /// There is more to be read.
        case part
        /// All has been read, and these remove the strays. They have to go, and all is then read anew.
        case strays([AddressChange])
        case whole(MembershipReading<IPAddress>)
    }

    private struct Part {
        var kernel: KernelReading<IPFamily>
        /// Whether the addresses have been read, and routes are.
        var isOfRoutes = false
        var found: Found
    }

    private struct Found {
        var members: MembershipReading<IPAddress>
        /// What removes each of the strays.
        var strays: [AddressChange] = []
    }

    private let family: IPFamily
    private let mode: VirtualIPMode
    /// `nil` before the first part.
    private var part: Part?
    /// How often addresses came or went meanwhile, so that it began anew.
    private var restarts: Int
    /// Strays that are still to be removed; `nil` until all has been read once.
    private var unremovedStrays: ArraySlice<AddressChange>?

    /// This many restarts are read in parts. After that all parts are read at once, so that constant changes do not
    /// keep it from ending.
    private static let restartsInParts = 2
    static let maximumRestarts = 16

    /// - Parameter isInParts: whether it is left after each part; otherwise all parts are read at once.
    init(family: IPFamily, mode: VirtualIPMode, isInParts: Bool) {
        self.family = family
        self.mode = mode
        restarts = isInParts ? 0 : Self.restartsInParts
    }

    /// Whether it begins, or begins anew, with the next part.
    var isAtStart: Bool { part == nil }

    /// Takes up to so many of the strays that are to be removed; `nil` when there are none. After the last ones all is
    /// read anew. With an IPv4 address the kernel removes its secondary ones, perhaps one of ours among them
    /// (`__inet_del_ifa` in `net/ipv4/devinet.c`).
    mutating func takeStrays(_ count: Int) -> ArraySlice<AddressChange>? {
        guard let strays = unremovedStrays, !strays.isEmpty else { return nil }
        unremovedStrays = strays.dropFirst(count)
        return strays.prefix(count)
    }

    /// Reads the next part.
    ///
    /// - Parameter known: what is known to be bound; `nil` for nothing.
    mutating func next<Owner>(
        _ desired: DesiredState<Owner>,
        knowing known: Set<IPAddress>?,
        on dataplane: any AddressDataplane
    ) throws(DataplaneError) -> Finding {
        // Taken out, so that it is changed in place.
        var part =
            part.take()
            ?? Part(kernel: KernelReading(of: family), found: Found(members: MembershipReading(knowing: known)))
        var progress = ReadingProgress.more
        while progress != .lapsed {
            if !part.isOfRoutes {
                progress = try readAddresses(&part, desired, on: dataplane)
                if progress == .complete {
                    part.isOfRoutes = true
                    part.kernel = KernelReading(of: family)
                }
            }
            if part.isOfRoutes {
                progress = try readRoutes(&part, desired, on: dataplane)
                if progress == .complete { return end(part.found) }
            }
            if progress == .more, restarts < Self.restartsInParts {
                self.part = part
                return .part
            }
        }
        restarts += 1
        guard restarts <= Self.maximumRestarts else {
            throw DataplaneError(
                part: .addresses, explanation: "the virtual IPs changed during each of \(restarts) readings")
        }
        return .part
    }

    private mutating func end(_ found: consuming Found) -> Finding {
        // Those that come back after they were removed are left to the next reading.
        guard !found.strays.isEmpty, unremovedStrays == nil else { return .whole(found.members) }
        unremovedStrays = found.strays[...]
        return .strays(found.strays)
    }

    private func readAddresses<Owner>(
        _ part: inout Part,
        _ desired: DesiredState<Owner>,
        on dataplane: any AddressDataplane
    ) throws(DataplaneError) -> ReadingProgress {
        try dataplane.listAddresses(&part.kernel) { bound in
            let address = bound.address
            let isWanted = desired.contains(address)
            let isAwaited = mode == .addresses && part.found.members.isAwaited(address)
            guard isWanted || isAwaited || !DummyLink.keepsUnwanted(address) else { return }
            if bound.isStray {
                part.found.strays.append(.removeStray(bound))
            } else if mode == .routes {
                part.found.strays.append(.unbind(address))
            } else if !bound.isSelectable || !isWanted {
                // One that is to be bound again counts as not bound.
                part.found.members.note(address)
            }
        }
    }

    private func readRoutes<Owner>(
        _ part: inout Part,
        _ desired: DesiredState<Owner>,
        on dataplane: any AddressDataplane
    ) throws(DataplaneError) -> ReadingProgress {
        try dataplane.listRoutes(&part.kernel) { route in
            if route.isStray {
                part.found.strays.append(.removeStrayRoute(route))
            } else if mode == .addresses {
                part.found.strays.append(.removeRoute(route.address))
            } else {
                part.found.members.note(route.address)
            }
        }
    }

    /// From here on the virtual IP is as it was written, whatever is read.
    mutating func noteWritten(_ address: IPAddress) {
        part?.found.members.noteWritten(address)
    }

    /// Has all read from the beginning, as nothing is known any more.
    mutating func restart() {
        part = nil
    }
}
