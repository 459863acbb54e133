// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// The reading of one family's virtual servers that a verifying pass makes, part by part. Other passes may write meanwhile.
///
/// First the kernel lists them. Then each is read with its real servers. The kernel's listing may lack some virtual
/// servers. So a known or wanted one that was not listed is asked for by itself before it counts as gone.
struct VirtualServerReading {
    private let listing: VirtualServerListing
    /// Those that are still to be read; `nil` until all have been listed.
    private var listed: ArraySlice<VirtualServerListing.Item>?
    /// All that have been read. Each counts once: a listing may have it twice.
    private var hasRead: Set<VirtualServer.ID> = []
    /// Virtual servers that are known or wanted, and may not have been listed; `nil` until all that were listed have been read.
    private var unlisted: ArraySlice<VirtualServer.ID>?

    /// Virtual servers that one step looks up among those that may not have been listed.
    private static let candidatesPerStep = 2048
    /// Real servers after which a step ends: one virtual server with very many is read in one piece, but not many of them.
    private static let realServersPerStep = 2048

    init(_ listing: VirtualServerListing) {
        self.listing = listing
    }

    /// Whether the kernel has listed all.
    var isListed: Bool { listed != nil }

    /// How many the kernel has listed that are still to be read.
    var listedCount: Int { listed?.count ?? 0 }

    /// Whether nothing was listed.
    private(set) var foundNone = false

    /// Whether the listed virtual servers have been read, so that `setCandidates` is to name others to ask for.
    var needsCandidates: Bool { listed?.isEmpty == true && unlisted == nil }

    var hasReadAll: Bool { listed?.isEmpty == true && unlisted?.isEmpty == true }

    /// Has the kernel list some.
    ///
    /// - Parameter count: about how many there are.
    mutating func list(
        _ family: IPFamily,
        expecting count: Int,
        from dataplane: any IPVSDataplane
    ) throws(DataplaneError) {
        guard let items = try listing.takeNext(family, expecting: count, from: dataplane) else { return }
        listed = items[...]
        foundNone = items.isEmpty
        hasRead = []
        hasRead.reserveCapacity(items.count)
        unlisted = nil
    }

    /// Has all listed anew, as nothing is known any more.
    mutating func restart() {
        listed = nil
        hasRead = []
    }

    mutating func setCandidates(_ ids: [VirtualServer.ID]) {
        unlisted = ids[...]
    }

    /// Reads the next ones, and hands them over; `nil` for one that is not there.
    ///
    /// - Parameter writtenMeanwhile: those that may be others since they were listed.
    mutating func next(
        _ count: Int,
        where isMeant: (VirtualServer.ID) -> Bool,
        writtenMeanwhile: Set<VirtualServer.ID>,
        on dataplane: any IPVSDataplane,
        _ body: (VirtualServer.ID, ObservedVirtualServer?) -> Void
    ) throws(DataplaneError) {
        if listed?.isEmpty == false {
            try readListed(count, where: isMeant, writtenMeanwhile: writtenMeanwhile, on: dataplane, body)
        } else {
            try readUnlisted(count, on: dataplane, body)
        }
    }

    private mutating func readListed(
        _ count: Int,
        where isMeant: (VirtualServer.ID) -> Bool,
        writtenMeanwhile: Set<VirtualServer.ID>,
        on dataplane: any IPVSDataplane,
        _ body: (VirtualServer.ID, ObservedVirtualServer?) -> Void
    ) throws(DataplaneError) {
        var realServerCount = 0
        for _ in 0..<count {
            guard realServerCount < Self.realServersPerStep, let item = listed?.popFirst() else { return }
            let id = item.id
            guard isMeant(id), hasRead.insert(id).inserted else { continue }
            if writtenMeanwhile.contains(id) {
                // Since it was listed, its configuration may be another one.
                body(id, try dataplane.virtualServer(id))
            } else if let realServers = try dataplane.realServers(of: id) {
                realServerCount += realServers.count
                body(
                    id,
                    ObservedVirtualServer(
                        identity: .address(id),
                        configuration: item.configuration,
                        statistics: listing.takeStatistics(of: id) ?? TrafficStatistics(),
                        realServers: realServers
                    ))
            } else {
                body(id, nil)
            }
        }
    }

    private mutating func readUnlisted(
        _ count: Int,
        on dataplane: any IPVSDataplane,
        _ body: (VirtualServer.ID, ObservedVirtualServer?) -> Void
    ) throws(DataplaneError) {
        guard var candidates = unlisted.take() else { return }
        defer { unlisted = candidates }
        var asked = 0
        for id in candidates.prefix(Self.candidatesPerStep) {
            candidates.removeFirst()
            guard hasRead.insert(id).inserted else { continue }
            body(id, try dataplane.virtualServer(id))
            asked += 1
            if asked == count { return }
        }
    }
}
