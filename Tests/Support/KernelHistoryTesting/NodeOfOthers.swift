// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Reconcile
import SystemTesting

/// A node that others use too: the addresses that node ports are served at, on a link of its own, and somebody else's
/// objects of each kind, some with names close to ours.
struct NodeOfOthers {
    /// Those that `RandomCluster` gives the node.
    private static let addresses = [
        "192.168.0.1/32", "192.168.0.2/32", "203.0.113.1/32", "198.51.100.1/32", "2001:db8:a::1/128",
        "2001:db8:1b::1/128", "10.0.0.1/32",
    ]
    /// In a network that the daemon leaves alone: 10.200.77.1.
    private static let excludedServer = VirtualServer.ID(
        address: IPAddress(v4: 0x0ac8_4d01), port: 7777, transport: .tcp)
    /// Made after the daemon has ended: it would remove it, as kube-proxy does. 172.31.0.1.
    private static let lateServer = VirtualServer.ID(address: IPAddress(v4: 0xac1f_0001), port: 80, transport: .tcp)

    private let ipvs: KernelIPVS
    /// As it was before the daemon's first start, with the late server.
    private var before: [String] = []

    /// Makes it in this network namespace, in the place of whatever there is.
    init(_ ipvs: KernelIPVS) async throws {
        self.ipvs = ipvs
        try await Self.clear()
        let addresses = Self.addresses.map { "address add \($0) dev node0" }.joined(separator: "\n")
        try await command(
            "bash", "-c",
            """
            set -e
            ip -batch - <<END
            link add node0 type dummy
            \(addresses)
            END
            ipset restore <<END
            create KUBE-OTHERS hash:ip
            add KUBE-OTHERS 10.96.0.10
            create KUBE-CLUSTER-IPS hash:ip,port family inet6
            END
            ipvsadm --restore <<END
            -A -t 10.200.77.1:7777 -s wlc
            -a -t 10.200.77.1:7777 -r 10.200.77.2:80 -m
            END
            for program in iptables ip6tables; do
                $program-restore --noflush <<END
            \(foreignRules)
            END
            done
            """)
        try addLateServer()
        before = try await state()
        try remove([Self.lateServer])
    }

    /// Takes everything away, whatever can be.
    static func clear() async throws {
        try await command(
            "bash", "-c",
            """
            exec 2>/dev/null
            ipvsadm --clear
            ip link delete kube-ipvs0
            ip link delete node0
            ip -4 route flush table local proto 117
            ip -6 route flush table local proto 117
            for program in {iptables,ip6tables}-{legacy,nft}; do
                for table in filter nat; do
                    $program -t $table -F && $program -t $table -X
                done
            done
            ipset destroy
            exit 0
            """)
    }

    func addLateServer() throws {
        let configuration = VirtualServer.Configuration(
            scheduler: .roundRobin, persistenceMask: VirtualServer.Configuration.singleClientMask(for: .v4))
        try apply([.addVirtualServer(Self.lateServer, configuration)])
    }

    /// How everything that a cleanup could touch differs from what there was before the daemon's first start, but for what
    /// the history's stranger has made in the excluded networks.
    func differences() async throws -> [String] {
        try await state().difference(from: before).map { change in
            switch change {
            case .insert(_, let line, _): "not there before: \(line)"
            case .remove(_, let line, _): "not there any more: \(line)"
            }
        }
    }

    /// In the words of the system's programs.
    private func state() async throws -> [String] {
        // Each program's lines with its name: rules look alike for both families.
        let listing = try await command(
            "bash", "-c",
            """
            set -e
            for program in 'ipvsadm --save --numeric' 'ipset save' 'ip -oneline address' \
                'ip -4 route show table local' 'ip -6 route show table local' iptables-save ip6tables-save; do
                text=$($program)
                echo "${program%% *}: ${text//$'\\n'/$'\\n'${program%% *}: }"
            done
            """)
        return stableLines(of: listing)
            .filter { !$0.contains(" 10.200.0.") && !$0.contains(" [fd00:200:") && !$0.contains("-save: #") }
    }

    /// Makes room for the next history: removes the late server, and what the last one's stranger has made in its networks.
    ///
    /// - Returns: those of them that were not there.
    func removeServers(of stranger: Set<VirtualServer.ID>) throws -> [VirtualServer.ID] {
        var found: [VirtualServer.ID] = []
        for family in IPFamily.allCases {
            try ipvs.forEachVirtualServer(of: family) { server in
                if case .address(let id) = server.identity, id != Self.excludedServer { found.append(id) }
            }
        }
        try remove(found)
        return stranger.subtracting(found).sorted()
    }

    private func remove(_ servers: [VirtualServer.ID]) throws {
        try apply(servers.map(IPVSChange.removeVirtualServer))
    }

    private func apply(_ changes: [IPVSChange]) throws {
        if let refused = try ipvs.apply(changes).first { throw refused.error }
    }
}
