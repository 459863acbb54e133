import DataplaneModel

/// Writing is cut inside a virtual server too: to add, edit or remove a real server the kernel walks the list of all that its
/// virtual server has (`ip_vs_lookup_dest` in `net/netfilter/ipvs/ip_vs_ctl.c`). A virtual server with 50,000 of them takes a
/// minute, in which the small ones must not wait.
extension FamilyReconciler {
    /// A virtual server with more changes than these is written in parts.
    static var changesAtOnce: Int { 512 }

    /// How long the kernel works on one part, about, in microseconds.
    private static var timeForPart: Double { 20_000 }

    /// How many real servers a part may add: each takes the kernel 1 us for each 25 that the virtual server has by then (User
    /// Mode Linux: 20,000 real servers take 3.2 s, 50,000 take 55 s).
    static func changesPerPart(realServers: Int) -> Int {
        let present = Double(realServers)
        return max(8, Int((present * present + 2 * 25 * timeForPart).squareRoot() - present))
    }

    /// Writes the first of many changes to one virtual server, and leaves the others for the next part of the pass.
    ///
    /// - Returns: whether it is known what took effect.
    mutating func writePart(
        of id: VirtualServer.ID,
        towards entry: IPVSTable.Entry,
        _ changes: [IPVSChange],
        _ dataplane: any IPVSDataplane,
        _ now: ContinuousClock.Instant,
        _ report: inout PassReport
    ) -> Bool {
        var changes = changes
        drainInsteadOfRemoving(&changes, now)
        // What was refused in an earlier part is not tried again before the others have been written.
        let known = refusedInParts.removeValue(forKey: id) ?? []
        let excluded = Set(known.lazy.map(\.change))
        if !excluded.isEmpty { changes.removeAll { excluded.contains($0) } }
        let present = mirror.ipvs?[id]?.realServers.count ?? 0
        let part = Array(changes.prefix(Self.changesPerPart(realServers: present)))
        guard let refused = send(part, dataplane, &report) else { return false }
        let refusedChanges = Set(refused.lazy.map(\.change))
        for change in part where !refusedChanges.contains(change) { mirror.ipvs?.apply(change) }

        let all = known + refused
        let isRefusedAsWhole = refused.contains { $0.change.objectKind == .virtualServer }
        if part.count < changes.count, !isRefusedAsWhole {
            refusedInParts[id] = all.isEmpty ? nil : all
            pending.virtualServers.insert(id)
            hasMoreServers = true
        } else if all.isEmpty {
            if drains.isEmpty || !drains.virtualServers.contains(id) {
                // The desired entry itself, so that both share the storage of the real servers.
                mirror.ipvs?.entries[id] = entry
            }
            noteDone(id)
        } else {
            appendRefusals(all, &report)
        }
        return true
    }

    /// Virtual servers to be written, those with few changes first. Those that nobody wants are not among them.
    func wantedServersBySize() -> ArraySlice<VirtualServer.ID> {
        var small: [VirtualServer.ID] = []
        var large: [VirtualServer.ID] = []
        for id in pending.virtualServers {
            guard let wanted = desired[id] else { continue }
            let present = mirror.ipvs?[id]?.realServers.count ?? 0
            // All that are wanted may be new, and all that are present may have to go.
            if wanted.realServers.count + present > Self.changesAtOnce {
                large.append(id)
            } else {
                small.append(id)
            }
        }
        return (small.sorted() + large.sorted())[...]
    }
}
