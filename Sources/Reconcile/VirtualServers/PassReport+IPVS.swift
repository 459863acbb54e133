// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

extension PassReport {
    /// Counts the changes that took effect.
    mutating func countWritten(_ changes: [IPVSChange], butFor refused: [RefusedChange<IPVSChange>]) {
        let virtualServers =
            changes.count(of: .virtualServer) - refused.count { $0.change.objectKind == .virtualServer }
        count(.virtualServer, virtualServers)
        count(.realServer, changes.count - refused.count - virtualServers)
    }
}

extension [IPVSChange] {
    /// How many change an object of that kind; in place, for a bulk load has a hundred thousand.
    fileprivate func count(of kind: ObjectKind) -> Int {
        var count = 0
        let changes = span
        for index in changes.indices where changes[index].objectKind == kind { count += 1 }
        return count
    }
}

extension IPVSChange {
    var objectKind: ObjectKind {
        switch self {
        case .addVirtualServer, .editVirtualServer, .removeVirtualServer: .virtualServer
        case .addRealServer, .editRealServer, .removeRealServer: .realServer
        }
    }
}
