import Addressing
import DataplaneModel

/// The virtual servers that the kernel lists, of both families: it lists them together. Verifying passes that begin together
/// share one, so that the kernel is asked once.
public final class VirtualServerListing {
    private var servers: [IPFamily: [ObservedVirtualServer]] = [:]

    public init() {}

    /// Hands those of a family over, once. Asks the kernel for what is not there, or not any more.
    func take(
        _ family: IPFamily,
        from dataplane: any IPVSDataplane
    ) throws(DataplaneError) -> [ObservedVirtualServer] {
        if let listed = servers.removeValue(forKey: family) { return listed }
        servers = Dictionary(grouping: try dataplane.listVirtualServers(), by: \.identity.family)
        for family in IPFamily.allCases where servers[family] == nil {
            servers[family] = []
        }
        return servers.removeValue(forKey: family) ?? []
    }
}

/// A verifying pass that is under way, and can be left after each step.
///
/// Passes of mode `changes` may be made in between. Each part is compared in the step that reads it, with what is desired
/// and known then. Only the listing of virtual servers is older than the comparison: what has been written since then is
/// read anew.
struct Verification {
    enum Phase {
        case sets
        case rules
        case listing
        case virtualServers
        case addresses
        case removals
    }

    var phase = Phase.sets
    var report: PassReport
    /// Whether every part could be read.
    var hasReadAll = true

    /// Those that are still to be read.
    var sets = ServiceSet.allCases[...]

    let listing: VirtualServerListing
    /// Virtual servers that are still to be read.
    var listed: ArraySlice<ObservedVirtualServer> = []
    /// All that were listed. Each counts once: a listing may have it twice.
    var listedIDs: Set<VirtualServer.ID> = []
    /// Virtual servers that should have been listed and were not, of which the kernel is still to be asked.
    var unlisted: ArraySlice<VirtualServer.ID>?
    /// Virtual servers that passes have written since this one began.
    var writtenMeanwhile: Set<VirtualServer.ID> = []
    /// What has been read so far, where nothing was known before: it takes the mirror's place when it is whole.
    var table: IPVSTable?
    /// Virtual servers that differ and are still to be written.
    var unwritten: ArraySlice<VirtualServer.ID> = []
    var statistics: [VirtualServer.ID: TrafficStatistics] = [:]

    /// Addresses that are still to be bound; `nil` until they have been read.
    var unbound: ArraySlice<IPAddress>?

    init(_ report: PassReport, _ listing: VirtualServerListing) {
        self.report = report
        self.listing = listing
    }
}
