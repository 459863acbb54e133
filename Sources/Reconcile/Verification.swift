import Addressing
import DataplaneModel

/// The virtual servers that the kernel lists, of both families: it lists them together. Verifying passes that begin together
/// share one, so that the kernel is asked once.
public final class VirtualServerListing {
    /// What is kept of each: there are as many as the node has virtual servers.
    struct Item {
        var id: VirtualServer.ID
        var configuration: VirtualServer.Configuration
    }

    /// What has been read and not taken yet; `nil` for a family whose list has been taken.
    private var lists: (v4: [Item]?, v6: [Item]?)
    /// `nil` when none is under way.
    private var reading: KernelReading<Void>?
    private var statistics: [VirtualServer.ID: TrafficStatistics] = [:]
    private let keepsStatistics: Bool

    public init(keepsStatistics: Bool = false) {
        self.keepsStatistics = keepsStatistics
    }

    /// Hands those of a family over, once, without those for firewall marks. Reads a part of what is not there, or not any more.
    ///
    /// - Parameter count: about how many there are.
    /// - Returns: `nil` when there is more to be read before.
    func takeNext(
        _ family: IPFamily,
        expecting count: Int,
        from dataplane: any IPVSDataplane
    ) throws(DataplaneError) -> [Item]? {
        if reading == nil {
            if let listed = take(family) { return listed }
            lists = ([], [])
            if family == .v4 { lists.v4?.reserveCapacity(count) } else { lists.v6?.reserveCapacity(count) }
        }
        var reading = reading.take() ?? KernelReading()
        // Half a list is none, for the other family too.
        var progress = ReadingProgress.lapsed
        defer { if progress == .lapsed { lists = (nil, nil) } }
        progress = try dataplane.listVirtualServers(&reading) { observed in
            guard case .address(let id) = observed.identity else { return }
            let item = Item(id: id, configuration: observed.configuration)
            if id.family == .v4 { lists.v4?.append(item) } else { lists.v6?.append(item) }
            if keepsStatistics { statistics[id] = observed.statistics }
        }
        guard progress == .complete else {
            if progress == .more { self.reading = reading }
            return nil
        }
        return take(family)
    }

    private func take(_ family: IPFamily) -> [Item]? {
        switch family {
        case .v4: lists.v4.take()
        case .v6: lists.v6.take()
        }
    }

    func takeStatistics(of id: VirtualServer.ID) -> TrafficStatistics? {
        keepsStatistics ? statistics.removeValue(forKey: id) : nil
    }
}

/// A verifying pass that is under way, and can be left after each step.
///
/// Passes of mode `changes` may be made in between. Each part is compared in the step that reads it, with what is desired
/// and known then. What is read in parts is older than the comparison: virtual servers that have been written since they were
/// listed are read anew, and set entries and addresses that have been written since then count as they were written.
struct Verification {
    /// In their order.
    enum Phase: Comparable {
        case sets
        case rules
        case listing
        case virtualServers
        case addresses
        case removals
        case flows
        case conclusion
    }

    var phase = Phase.sets
    var report: PassReport
    /// Whether every part could be read.
    var hasReadAll = true

    let listing: VirtualServerListing
    /// Virtual servers that are still to be read.
    var listed: ArraySlice<VirtualServerListing.Item> = []
    /// All that were listed. Each counts once: a listing may have it twice.
    var listedIDs: Set<VirtualServer.ID> = []
    /// Virtual servers that are known or wanted, and may not have been listed; `nil` until all that were listed have been read.
    var unlisted: ArraySlice<VirtualServer.ID>?
    /// Virtual servers that passes have written since this one began.
    var writtenMeanwhile: Set<VirtualServer.ID> = []
    /// What has been read so far, where nothing was known before: it takes the mirror's place when it is whole.
    var table: IPVSTable?
    /// Whether nothing was known before and nothing was listed: an empty kernel.
    var foundNone = false
    /// Virtual servers that differ and are still to be written.
    var unwritten: ArraySlice<VirtualServer.ID> = []
    var statistics: [VirtualServer.ID: TrafficStatistics] = [:]

    init(_ report: PassReport, _ listing: VirtualServerListing) {
        self.report = report
        self.listing = listing
    }
}
