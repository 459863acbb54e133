// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

/// How what is known follows a reading.
extension VirtualServerWriter {
    /// Those that are known, and those that may differ from what is wanted.
    var candidates: [VirtualServer.ID] { Array(known.table.entries.keys) + unsettled.pending }

    mutating func beginReading() {
        unsettled.retryAll()
        known.beginReading()
        readAhead = []
    }

    /// Has what is not known filled in by the reading.
    mutating func beginFilling(expecting count: Int) { known.beginFilling(expecting: count) }

    mutating func endReading(hasReadAll: Bool) { known.endReading(hasReadAll: hasReadAll) }

    /// Takes a virtual server into the table before it is known whether it is wanted. It is to be compared then, also where it
    /// went after it was listed.
    mutating func takeReadAhead(_ id: VirtualServer.ID, _ found: IPVSTable.Entry?) {
        known[id] = found
        unsettled.insert(id)
        readAhead.insert(id)
    }

    /// Takes a virtual server as it was just read into the table.
    ///
    /// - Returns: whether it differs from what is wanted.
    mutating func takeRead(
        _ id: VirtualServer.ID,
        _ found: IPVSTable.Entry?,
        wanted: IPVSTable.Entry?,
        of owner: () -> String?,
        _ report: inout PassReport
    ) -> Bool {
        let wasRefused = known.isKnown && unsettled.refused.contains(id)
        // A refused object is as it was left, unless another program has changed it too.
        let isDamaged = wasRefused && known[id] != found
        let isAsWanted = found == wanted
        // The desired entry itself, so that both share the storage of the real servers.
        known[id] = isAsWanted ? wanted : found
        guard !isAsWanted, found.map({ drains.withoutDraining($0, of: id) }) != wanted else {
            unsettled.noteDone(id)
            return false
        }
        let isNew = unsettled.insert(id)
        // What a try of a scheduler has left goes too, and is nobody's doing.
        guard id != SchedulerProbe.server || wanted != nil else { return true }
        if isNew && !wasRefused || isDamaged {
            report.countDrift(.virtualServer, CollectionOfOne(id)) { id in
                "virtual server \(id)" + (owner().map { " of \($0)" } ?? "")
            }
        }
        return true
    }
}
