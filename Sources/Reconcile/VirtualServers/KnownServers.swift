// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

/// One family's virtual servers as the kernel has acknowledged them, or as far as a reading has come by them.
struct KnownServers {
    /// All that the kernel has, if `isKnown`.
    private(set) var table = IPVSTable()
    private(set) var isKnown = false
    /// Whether a reading fills the table, of which nothing was known.
    private(set) var isFilling = false
    /// Virtual servers that have been written since a reading began; `nil` when there is none.
    private var written: Set<VirtualServer.ID>?

    /// Whether it is known that the kernel has the virtual server.
    func contains(_ id: VirtualServer.ID) -> Bool { isKnown && table.entries[id] != nil }

    /// How many real servers the kernel is known to have of a virtual server.
    func realServerCount(of id: VirtualServer.ID) -> Int {
        isKnown ? table.entries[id]?.realServers.count ?? 0 : 0
    }

    subscript(id: VirtualServer.ID) -> IPVSTable.Entry? {
        get { table.entries[id] }
        set { table.entries[id] = newValue }
    }

    /// Does to the table what the kernel has done to its own.
    mutating func follow(_ change: IPVSChange) {
        table.apply(change)
    }

    /// Takes note of what is sent to the kernel, in case it is being read.
    mutating func noteSent(_ changes: [IPVSChange]) {
        guard written != nil else { return }
        var last: VirtualServer.ID?
        for change in changes where change.virtualServer != last {
            last = change.virtualServer
            written?.insert(change.virtualServer)
        }
    }

    /// From here on it is unknown what the kernel has.
    mutating func forget() {
        isKnown = false
        table = IPVSTable()
    }

    // MARK: Reading

    /// Those that have been written since the reading began.
    var writtenSinceReading: Set<VirtualServer.ID> { written ?? [] }

    mutating func beginReading() {
        isFilling = false
        written = []
    }

    /// Has the table filled by the reading, as nothing is known.
    mutating func beginFilling(expecting count: Int) {
        isFilling = true
        table = IPVSTable()
        table.entries.reserveCapacity(count)
    }

    /// Ends the reading. If it has filled the table, that is known from here on.
    mutating func endReading(hasReadAll: Bool) {
        if isFilling, hasReadAll { isKnown = true }
        isFilling = false
        written = nil
    }
}
