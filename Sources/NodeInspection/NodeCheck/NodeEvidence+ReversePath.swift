// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubeProxyConfig

/// Whether packets are dropped because their way back is another interface.
extension NodeEvidence {
    /// How many interfaces are named.
    private static var mostNamed: Int { 5 }

    /// The kernel takes the larger of `all` and the interface's own (`ip-sysctl.rst`); 1 is strict.
    var reversePath: [NodeFinding] {
        let all = reversePathFilters["all"] ?? 0
        let strict = reversePathFilters.filter {
            !["all", "default", "lo"].contains($0.key) && max(all, $0.value) == 1
        }.keys.sorted()
        guard !strict.isEmpty else { return [NodeFinding(.ok, "rp_filter", "not strict anywhere")] }
        let names = strict.prefix(Self.mostNamed).joined(separator: ", ")
        return [
            NodeFinding(
                .notice, "rp_filter",
                "strict on \(names)\(strict.count > Self.mostNamed ? ", …" : ""): packets whose way back is another interface are dropped"
            )
        ] + keptSources(strict)
    }

    /// Where neither clusterCIDR nor masqueradeAll is set, packets to cluster IPs come with the address of their client, which the
    /// interface may have no route to.
    private func keptSources(_ strict: [String]) -> [NodeFinding] {
        guard case .clusterCIDR(let networks)? = detectLocalMode, networks.isEmpty, !masqueradesAll else { return [] }
        let defaults = linkRoutes.filter { $0.value.contains(where: \.isZero) }.keys.sorted()
        let wayElsewhere = defaults.isEmpty ? "there is no default route" : "the default route is by \(list(defaults))"
        // Links with routes to single hosts alone are those of pods.
        let narrow = strict.filter { link in
            !defaults.contains(link) && (linkRoutes[link] ?? []).contains { $0.length < $0.family.bitWidth }
        }
        return narrow.prefix(Self.mostNamed).map { link in
            let routes = (linkRoutes[link] ?? []).map { "\($0)" }.sorted()
            let sources = routes.prefix(Self.mostNamed).joined(separator: ", ")
            return NodeFinding(
                .notice, "rp_filter",
                "neither clusterCIDR nor masqueradeAll is set, so packets to cluster IPs keep the address of their client. Of what comes "
                    + "by \(link), the kernel takes sources in \(sources)\(routes.count > Self.mostNamed ? ", …" : "") alone: "
                    + "\(wayElsewhere). If other nodes send by \(link), set net.ipv4.conf.\(link).rp_filter to 2, or set clusterCIDR"
            )
        }
    }

    private func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    /// - Parameter table: as `/proc/net/route` has it. Lines that are not understood count for nothing.
    static func linkRoutes(_ table: String) -> [String: Set<IPPrefix>] {
        var routes: [String: Set<IPPrefix>] = [:]
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count >= 8, let destination = UInt32(fields[1], radix: 16),
                let flags = UInt32(fields[3], radix: 16), let mask = UInt32(fields[7], radix: 16),
                flags & rejects == 0,
                let route = IPPrefix(
                    IPAddress(v4: UInt32(bigEndian: destination)), length: UInt8(mask.nonzeroBitCount))
            else { continue }
            routes[String(fields[0]), default: []].insert(route)
        }
        return routes
    }

    /// `RTF_REJECT` of `linux/route.h`.
    private static var rejects: UInt32 { 0x200 }
}
