// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

/// How the writing of large virtual servers is cut, and what has been refused of those that are half written.
///
/// Writing is cut inside a virtual server. To add, edit or remove a real server, the kernel walks the list of all that
/// its virtual server has (`ip_vs_lookup_dest` in `net/netfilter/ipvs/ip_vs_ctl.c`). A virtual server with 50,000 of
/// them takes a minute, in which the small ones must not wait.
struct PartedServers {
    typealias Refused = [RefusedChange<IPVSChange>]

    /// By virtual server of which more is to be written.
    private var refused: [VirtualServer.ID: Refused] = [:]
    /// Virtual servers of which more is to be written.
    private var halfWritten: Set<VirtualServer.ID> = []

    /// A virtual server with more changes than these is written in parts.
    static var changesAtOnce: Int { 512 }

    /// How long the kernel works on one part, about, in microseconds.
    private static var timeForPart: Double { 20_000 }

    /// How many real servers a part may add. Each takes the kernel 1 µs for each 25 that the virtual server has by
    /// then. (User Mode Linux: 20,000 real servers take 3.2 s, 50,000 take 55 s.)
    static func changesPerPart(realServers: Int) -> Int {
        let present = Double(realServers)
        return max(8, Int((present * present + 2 * 25 * timeForPart).squareRoot() - present))
    }

    /// Takes what was refused in earlier parts out of the changes: it is not tried again before the others have been written.
    ///
    /// - Returns: what was refused.
    mutating func takeRefused(of id: VirtualServer.ID, from changes: inout [IPVSChange]) -> Refused {
        halfWritten.remove(id)
        guard let known = refused.removeValue(forKey: id) else { return [] }
        let excluded = Set(known.lazy.map(\.change))
        changes.removeAll { excluded.contains($0) }
        return known
    }

    /// Keeps what has been refused until the other parts have been written.
    mutating func keep(_ refused: Refused, of id: VirtualServer.ID) {
        self.refused[id] = refused.isEmpty ? nil : refused
        halfWritten.insert(id)
    }

    func isHalfWritten(_ id: VirtualServer.ID) -> Bool { !halfWritten.isEmpty && halfWritten.contains(id) }

    mutating func forget(_ id: VirtualServer.ID) {
        // Also where the table is empty, a look into it hashes.
        if !refused.isEmpty { refused[id] = nil }
        if !halfWritten.isEmpty { halfWritten.remove(id) }
    }
}
