// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

/// Weights that rise.
extension VirtualServerWriter {
    /// When the weights of new real servers rise next; `nil` when none does.
    var nextRise: Instant? { known.isKnown ? ramps.nextStep : nil }

    /// What is wanted of a virtual server that is about to be written, as far as the weights of its real servers have risen.
    ///
    /// - Parameter duration: over how many seconds the weight of a new one rises; 0 for none.
    mutating func risen(
        _ wanted: IPVSTable.Entry,
        of id: VirtualServer.ID,
        over duration: UInt32,
        at now: Instant
    ) -> IPVSTable.Entry {
        // At a start this comes for each of all virtual servers, and a look into a table costs.
        let isReadAhead = !readAhead.isEmpty && readAhead.remove(id) != nil
        guard duration > 0 || !ramps.isEmpty else { return wanted }
        if duration > 0, isReadAhead, let found = known[id] {
            ramps.adopt(found, wanted: wanted, of: id, over: duration, at: now)
        }
        return ramps.entry(
            wanted, of: id, over: duration, present: known[id], isHalfWritten: parted.isHalfWritten(id), at: now)
    }

    /// What is wanted of a virtual server that was just read, as far as the weights of its real servers have risen.
    ///
    /// - Parameter duration: over how many seconds the weight of a new one rises; 0 for none.
    mutating func wanted(
        _ wanted: IPVSTable.Entry,
        of id: VirtualServer.ID,
        found: IPVSTable.Entry?,
        over duration: UInt32,
        at now: Instant
    ) -> IPVSTable.Entry {
        if duration > 0, known.isFilling, let found {
            ramps.adopt(found, wanted: wanted, of: id, over: duration, at: now)
        }
        return ramps.entry(wanted, of: id)
    }

    /// Writes the weights that rise now. It costs what rises, not what is served.
    mutating func letWeightsRise(
        at now: Instant, on dataplane: any IPVSDataplane, _ report: inout PassReport
    ) {
        guard known.isKnown, !ramps.isEmpty else { return }
        let changes = ramps.step(at: now, in: known.table)
        guard let refused = send(changes, on: dataplane, &report) else { return }
        let refusedChanges = Set(refused.lazy.map(\.change))
        for change in changes where !refusedChanges.contains(change) { known.follow(change) }
        noteRefused(refused, at: now, &report)
    }
}
