// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// Which virtual servers have traffic counters when there may not be counters for all.
///
/// Who has them keeps them: series that come and go are of no use.
struct TrafficSelection {
    /// Virtual servers of each family.
    let limit: Int
    private var chosen: [IPFamily: Set<VirtualServer.ID>] = [:]

    init(limit: Int) {
        self.limit = limit
    }

    /// - Returns: the samples in order of their virtual servers, and how many there are besides.
    mutating func select(
        from statistics: [VirtualServer.ID: TrafficStatistics],
        _ family: IPFamily,
        servicePort: (VirtualServer.ID) -> String
    ) -> (samples: [TrafficMetrics.Sample], hidden: Int) {
        var chosen = chosen[family, default: []].filter { statistics[$0] != nil }
        if chosen.count < limit, chosen.count < statistics.count {
            chosen.formUnion(statistics.keys.filter { !chosen.contains($0) }.sorted().prefix(limit - chosen.count))
        }
        self.chosen[family] = chosen
        let samples = chosen.sorted().compactMap { id in
            statistics[id].map { TrafficMetrics.Sample(id: id, servicePort: servicePort(id), statistics: $0) }
        }
        return (samples, statistics.count - samples.count)
    }
}
