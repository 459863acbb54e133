// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import IPVSListing
import Reconcile

/// What the fake kernel holds, in the words of the tools that show it on a node.
struct KernelText {
    let kernel: FakeDataplane
    /// The rules of a node with the default configuration and no Service.
    let constantRules: [IPFamily: [String]]

    /// `ipvsadm --save -n`.
    func servers() throws -> [String] {
        var observed: [ObservedVirtualServer] = []
        for id in kernel.ipvs.table.entries.keys.sorted() {
            if let server = try kernel.ipvs.virtualServer(id) { observed.append(server) }
        }
        var marked: [ObservedVirtualServer] = []
        var reading = KernelReading<Void>()
        var progress = ReadingProgress.more
        while progress == .more {
            progress = try kernel.ipvs.listVirtualServers(&reading) { server in
                // The fake lists each mark for both families.
                if case .firewallMark(_, .v4) = server.identity { marked.append(server) }
            }
        }
        var names = NumericNames()
        let text = RestoreRules.text(of: observed + marked, names: &names)
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// `ipset save` but for what is the same on each node: the sets themselves.
    func sets() -> [String] {
        var usual: [String: IPSetDefinition] = [:]
        for family in IPFamily.allCases {
            for set in ServiceSet.allCases { usual[set.name(for: family)] = IPSetDefinition(set, family) }
        }
        let missing = usual.keys.filter { kernel.sets.sets[$0] == nil }.sorted().map { "# \($0) is missing" }
        return missing
            + kernel.sets.sets.sorted { $0.key < $1.key }.flatMap { name, contents -> [String] in
                let definition = contents.definition
                var lines = contents.members.map { "add \(name) \($0)" }.sorted()
                if usual[name] != definition {
                    lines.insert("create \(name) \(definition.type.rawValue) \(definition.options)", at: 0)
                }
                return lines
            }
    }

    /// `ip -oneline address show dev kube-ipvs0`.
    func addresses() -> [String] {
        guard kernel.addresses.hasLink else { return ["# kube-ipvs0 is missing"] }
        let bound = kernel.addresses.bound.sorted().map { address in
            BoundAddress(address, isSelectable: kernel.addresses.selectable.contains(address))
        }
        return (bound + kernel.addresses.strays.sorted { $0.description < $1.description }).map { bound in
            let isAvoided = bound.family == .v6 && !bound.isSelectable
            return "kube-ipvs0 \(bound.family == .v4 ? "inet" : "inet6") \(bound)"
                + (isAvoided ? " preferred_lft 0sec" : "")
        }
    }

    /// `ip route show table local proto 117`, of both families.
    func routes() -> [String] {
        kernel.addresses.routes.sorted { (left, right) in
            (left.family, left.address, left.metric) < (right.family, right.address, right.metric)
        }.map { route in
            let isWhole = route.prefixLength == route.family.bitWidth
            let destination = isWhole ? "\(route.address)" : "\(route.address)/\(route.prefixLength)"
            return "\(route.isLocal ? "local" : "blackhole") \(destination) dev lo metric \(route.metric)"
        }
    }

    /// Lines of `iptables-save` and `ip6tables-save` that differ from the constant ones.
    func rules() async throws -> [String] {
        var lines: [String] = []
        for family in IPFamily.allCases {
            let program = family == .v4 ? "iptables" : "ip6tables"
            guard !kernel.rules.brokenFamilies.contains(family) else {
                lines.append("# \(program) does not work")
                continue
            }
            let found = Self.lines(ofRules: try await kernel.rules.save(family))
            lines += LineDiff.lines(from: constantRules[family] ?? [], to: found, context: 0)
                .map { "\($0.prefix(1)) \(program) \($0.dropFirst())" }
        }
        return lines
    }

    /// Each chain and rule with its table, chain by chain: the order of the chains is nobody's concern.
    static func lines(ofRules text: String) -> [String] {
        var table = ""
        var chains: [String: [String]] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") && line != "COMMIT" {
            let words = line.split(separator: " ")
            if line.hasPrefix("*") {
                table = String(line.dropFirst())
            } else if line.hasPrefix(":") {
                let chain = words[0].dropFirst()
                chains["\(table) \(chain)", default: []].insert("-t \(table) -N \(chain)", at: 0)
            } else {
                chains["\(table) \(words[1])", default: []].append("-t \(table) \(line)")
            }
        }
        return chains.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    func flows() -> [String] {
        kernel.conntrack.flows.map(\.description).sorted()
    }
}

extension IPSetDefinition {
    fileprivate var options: String {
        type == .bitmapPort ? "range 0-65535" : "family \(family == .v4 ? "inet" : "inet6") maxelem \(maximumElements)"
    }
}
