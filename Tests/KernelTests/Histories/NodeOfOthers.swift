import SystemTesting
import Testing

/// A node that others use too: the addresses that node ports are served at, on a link of its own, and somebody else's
/// objects of each kind, some with names close to ours.
struct NodeOfOthers {
    /// Those that `RandomCluster` gives the node.
    private static let addresses = [
        "192.168.0.1/32", "192.168.0.2/32", "203.0.113.1/32", "198.51.100.1/32", "2001:db8:a::1/128",
        "2001:db8:1b::1/128", "10.0.0.1/32",
    ]

    /// In a network that the daemon leaves alone.
    private static let excludedServer = "10.200.77.1:7777"
    /// Made after the daemon has ended: it would remove it, as kube-proxy does.
    private static let lateServer = "172.31.0.1:80"

    init() async throws {
        let addresses = Self.addresses.map { "ip address add \($0) dev node0" }.joined(separator: "\n")
        try await command(
            "bash", "-c",
            """
            set -e
            ip link add node0 type dummy
            \(addresses)
            ipset create KUBE-OTHERS hash:ip
            ipset add KUBE-OTHERS 10.96.0.10
            ipset create KUBE-CLUSTER-IPS hash:ip,port family inet6
            ipvsadm -A -t \(Self.excludedServer) -s wlc
            ipvsadm -a -t \(Self.excludedServer) -r 10.200.77.2:80 -m
            for program in iptables ip6tables; do
                $program-restore --noflush <<END
            *filter
            :KUBE-FIREWALL - [0:0]
            -A INPUT -j KUBE-FIREWALL
            -A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FIREWALL
            COMMIT
            *nat
            :CNI-HOSTPORT - [0:0]
            -A PREROUTING -j CNI-HOSTPORT
            COMMIT
            END
            done
            """)
    }

    func addLateServer() async throws {
        try await command("ipvsadm", "-A", "-t", Self.lateServer, "-s", "rr")
    }

    /// Everything that a cleanup could touch, but for what the history's stranger has made in the excluded networks, and for
    /// the late server.
    func state() async throws -> [String] {
        var lines: [String] = []
        for program in [
            ["ipvsadm", "--save", "--numeric"], ["ipset", "save"], ["ip", "-oneline", "address"], ["iptables-save"],
            ["ip6tables-save"],
        ] {
            lines += stableLines(of: try await output(of: program)).map { "\(program[0]): \($0)" }
        }
        return lines.filter {
            !$0.contains(" 10.200.0.") && !$0.contains(" [fd00:200:") && !$0.contains(Self.lateServer)
        }
    }

    func hasLateServer() async throws -> Bool {
        try await command("ipvsadm", "--save", "--numeric").contains(Self.lateServer)
    }

    func remove() async throws {
        try await command(
            "bash", "-c",
            """
            set -e
            ipvsadm -C
            ip link delete node0
            ipset destroy KUBE-OTHERS
            ipset destroy KUBE-CLUSTER-IPS
            for program in iptables ip6tables; do
                $program-restore --noflush <<END
            *filter
            -D INPUT -j KUBE-FIREWALL
            -D FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FIREWALL
            -X KUBE-FIREWALL
            COMMIT
            *nat
            -D PREROUTING -j CNI-HOSTPORT
            -X CNI-HOSTPORT
            COMMIT
            END
            done
            """)
    }
}
