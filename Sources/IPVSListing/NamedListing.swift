// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel

/// The table of virtual servers with the names of Services, Pods, nodes and zones: `dump --services`. ipvsadm has no such form.
///
/// The lines have names in them that others have chosen.
public enum NamedListing {
    public static var title: [String] {
        [
            "Prot LocalAddress:Port Scheduler Flags Service",
            "  -> RemoteAddress:Port           Weight ActiveConn InActConn  Pod",
        ]
    }

    /// The lines of one virtual server and its real servers, in their order.
    public static func lines(_ server: ObservedVirtualServer, _ names: ServerNames) -> [String] {
        var numeric = NumericNames()
        let name = String(decoding: server.listedName(&numeric), as: UTF8.self)
        var lines = ["\(name) \(server.listedConfiguration) \(names.service?.text ?? "-")"]
        for real in server.realServers {
            let id = real.realServer.id
            let columns = [
                (id.description, 28), ("\(real.realServer.weight)", 6), ("\(real.activeConnections)", 10),
                ("\(real.inactiveConnections)", 10),
            ]
            let padded = columns.map { text, width in
                text + String(repeating: " ", count: max(0, width - text.utf8.count))
            }
            lines.append("  -> \(padded.joined(separator: " ")) \(words(names.endpoints[id]))")
        }
        return lines
    }

    private static func words(_ endpoint: ServerNames.Endpoint?) -> String {
        guard let endpoint else { return "-" }
        var words = endpoint.pod ?? "-"
        if let node = endpoint.node { words += " on \(node)" }
        if let zone = endpoint.zone { words += " in \(zone)" }
        if let age = endpoint.drainAge { words += " drains for \(age) s" }
        return words
    }
}
