// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting

/// What the node's kernel holds of what the daemon writes, as the system's own programs show it, in an order and a form
/// that does not depend on when it was written.
struct KernelState: Equatable, CustomStringConvertible {
    var virtualServers: [String]
    var sets: [String]
    var rules: [String]
    var addresses: [String]
    /// What is local and is no address of an interface.
    var routes: [String]

    init(of cluster: Cluster) async throws {
        virtualServers = Self.lines(try await cluster.run(in: .node, "ipvsadm", "--save", "--numeric")).sorted()
        // `… initval 0x1c351676` is the seed that the kernel made up for the set's hash.
        sets = Self.lines(try await cluster.run(in: .node, "ipset", "save"))
            .map { line in line.replacing(#/ initval 0x[0-9a-f]+/#, with: "") }
            .sorted()
        rules = []
        for program in ["iptables-save", "ip6tables-save"] {
            rules += Self.lines(try await cluster.run(in: .node, program))
                .filter { !$0.hasPrefix("#") }
                // Built-in chains count packets all the time: `:INPUT ACCEPT [12:1031]`.
                .map { String($0.prefix { $0 != "[" }) }
        }
        // Without the link's number and the addresses' lifetimes.
        let words = ["ip", "-netns", "node", "-oneline", "address", "show", "dev", "kube-ipvs0"]
        addresses = Self.lines(try await output(of: words))
            .map { $0.split(separator: " ").dropFirst().prefix(3).joined(separator: " ") }
            .sorted()
        routes = []
        for family in ["-4", "-6"] {
            let words = ["ip", "-netns", "node", family, "route", "show", "table", "local"]
            routes += Self.lines(try await output(of: words)).filter { !$0.contains(" proto kernel ") }
        }
        routes.sort()
    }

    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map(String.init)
    }

    var description: String {
        (virtualServers + sets + rules + addresses + routes).joined(separator: "\n")
    }

    /// The lines that one of two states has and the other has not: what a failed comparison should show.
    func differences(from other: KernelState) -> [String] {
        let pairs = [
            (virtualServers, other.virtualServers), (sets, other.sets), (rules, other.rules),
            (addresses, other.addresses), (routes, other.routes),
        ]
        return pairs.flatMap { mine, theirs in
            mine.difference(from: theirs).map { change in
                switch change {
                case .insert(_, let line, _): "+ \(line)"
                case .remove(_, let line, _): "- \(line)"
                }
            }
        }
    }
}
