// SPDX-License-Identifier: GPL-2.0-or-later
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
        // A partial listing is useless to either family: drop both.
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
