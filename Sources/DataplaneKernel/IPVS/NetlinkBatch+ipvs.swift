// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import Netlink

extension NetlinkBatch {
    /// Fills the batch with requests for as many changes as it takes, whose places are their tags, and moves `next` past them.
    ///
    /// - Parameter request: where each request is written. It and the batch are passed in, and not asked for again for each change:
    ///   each access to a property of a class is checked, and with a hundred thousand changes that took longer than writing them.
    mutating func fill(
        with changes: [IPVSChange],
        from next: inout Int,
        for family: GenericFamily,
        by request: inout NetlinkRequest
    ) throws(NetlinkError) {
        // What an error left there while it was filled.
        removeAll()
        var beginning: NetlinkRequest.Beginning?
        while next < changes.endIndex {
            try request.write(changes[next], for: family, after: &beginning)
            guard hasRoom(for: request) else { return }
            append(request, tag: next)
            next += 1
        }
    }
}
