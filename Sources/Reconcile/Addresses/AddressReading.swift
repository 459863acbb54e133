// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// A reading of one family's addresses on the dummy link, part by part. Passes may bind and unbind others meanwhile.
///
/// Addresses that another program has bound in another way than the daemon does are told apart here, as strays.
struct AddressReading {
    enum Finding {
        /// There is more to be read.
        case part
        /// All has been read, and there are so many strays. They have to go, and all is then read anew.
        case strays([BoundAddress])
        case whole(MembershipReading<IPAddress>)
    }

    private let family: IPFamily
    /// `nil` before the first part.
    private var part: (kernel: KernelReading<IPFamily>, members: MembershipReading<IPAddress>, strays: [BoundAddress])?
    /// How often addresses came or went meanwhile, so that it began anew.
    private var restarts: Int
    /// Strays that are still to be removed; `nil` until all has been read once.
    private var unremovedStrays: ArraySlice<BoundAddress>?

    /// This many restarts are read in parts. After that all parts are read at once, so that constant changes do not
    /// keep it from ending.
    private static let restartsInParts = 2
    static let maximumRestarts = 16

    /// - Parameter isInParts: whether it is left after each part; otherwise all parts are read at once.
    init(family: IPFamily, isInParts: Bool) {
        self.family = family
        restarts = isInParts ? 0 : Self.restartsInParts
    }

    /// Whether it begins, or begins anew, with the next part.
    var isAtStart: Bool { part == nil }

    /// Takes up to so many of the strays that are to be removed; `nil` when there are none. After the last ones all is
    /// read anew. With an IPv4 address the kernel removes its secondary ones, perhaps one of ours among them
    /// (`__inet_del_ifa` in `net/ipv4/devinet.c`).
    mutating func takeStrays(_ count: Int) -> ArraySlice<BoundAddress>? {
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
        var (kernel, members, strays) =
            part.take() ?? (KernelReading(of: family), MembershipReading(knowing: known), [])
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
            if progress == .more, restarts < Self.restartsInParts {
                part = (kernel, members, strays)
                return .part
            }
        }
        guard progress == .complete else {
            restarts += 1
            guard restarts <= Self.maximumRestarts else {
                throw DataplaneError(
                    part: .addresses, explanation: "the addresses changed during each of \(restarts) readings")
            }
            return .part
        }
        // Those that come back after they were removed are left to the next reading.
        guard !strays.isEmpty, unremovedStrays == nil else { return .whole(members) }
        unremovedStrays = strays[...]
        return .strays(strays)
    }

    /// From here on the address is as it was written, whatever is read.
    mutating func noteWritten(_ address: IPAddress) {
        part?.members.noteWritten(address)
    }

    /// Has all read from the beginning, as nothing is known any more.
    mutating func restart() {
        part = nil
    }
}
