// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

/// The text of each chain's rules. Order and matches are kube-proxy's, but for `masqueradeOwnTraffic`, and but for
/// `OwnTraffic.isFromTheNode`.
struct RuleText {
    private let configuration: RuleConfiguration
    private let family: IPFamily
    /// The masquerade mark as iptables prints it, such as `0x4000`.
    private let mark: String

    init(_ configuration: RuleConfiguration, _ family: IPFamily) {
        self.configuration = configuration
        self.family = family
        mark = "0x" + String(configuration.masqueradeMark, radix: 16)
    }

    // MARK: nat

    var services: [String] {
        [
            "-s \(family == .v4 ? "127.0.0.0/8" : "::1/128") -j RETURN",
            "\(commented(.loadBalancer, "dst,dst")) -j KUBE-LOAD-BALANCER",
        ] + masqueradeToClusterIP + [
            "\(commented(.externalIP, "dst,dst")) -j KUBE-MARK-MASQ",
            masqueradeOwnTraffic(to: .externalIPLocal),
        ] + acceptExternal(.externalIP) + acceptExternal(.externalIPLocal) + [
            "-m addrtype --dst-type LOCAL -j KUBE-NODE-PORT",
            "\(match(.clusterIP, "dst,dst")) -j ACCEPT",
            "\(match(.loadBalancer, "dst,dst")) -j ACCEPT",
        ]
    }

    private var masqueradeToClusterIP: [String] {
        guard !configuration.masqueradeAll else {
            return ["\(commented(.clusterIP, "dst,dst")) -j KUBE-MARK-MASQ"]
        }
        guard let notLocal else { return [masqueradeOwnTraffic(to: .clusterIP)] }
        let masqueradeForeign = "\(notLocal) \(commented(.clusterIP, "dst,dst")) -j KUBE-MARK-MASQ"
        switch configuration.ownTraffic {
        case .isFromVirtualIPs:
            // A virtual IP is no pod's, and what the node sends comes in by no interface: it is not local.
            return [masqueradeForeign]
        case .isFromTheNode:
            // The node's end of an overlay has an address of the pods' network.
            return [masqueradeOwnTraffic(to: .clusterIP), masqueradeForeign]
        }
    }

    /// A match on what pods of this node do not send; `nil` when nothing is known of them.
    private var notLocal: String? {
        switch configuration.localDetector {
        case .none: nil
        case .clusterCIDR(let network): network.family == family ? "! -s \(network)" : nil
        case .bridgeInterface(let name): "! -i \(name)"
        case .interfaceNamePrefix(let prefix): "! -i \(prefix)+"
        }
    }

    /// What the node itself sends is no external traffic whose source the policy `Local` keeps. Where the endpoint is on
    /// another node, the answer to a virtual IP would stay there. kube-proxy has no such rule for virtual IPs of that
    /// policy (kubernetes #93456).
    func masqueradeOwnTraffic(to set: ServiceSet) -> String {
        switch configuration.ownTraffic {
        case .isFromVirtualIPs: "\(commented(set, "src,dst")) -j KUBE-MARK-MASQ"
        case .isFromTheNode: "\(commented(set, "dst,dst")) -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ"
        }
    }

    /// From off the node, and to external IPs that are the node's own.
    private func acceptExternal(_ set: ServiceSet) -> [String] {
        let match = commented(set, "dst,dst")
        return [
            "\(match) -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT",
            "\(match) -m addrtype --dst-type LOCAL -j ACCEPT",
        ]
    }

    var postrouting: [String] {
        [
            "\(commented(.loopBack, "dst,dst,src")) -j MASQUERADE",
            "-m mark ! --mark \(mark)/\(mark) -j RETURN",
            // The mark is cleared, so that a packet which passes here again is not masqueraded twice: --xor-mark.
            "-j MARK --set-xmark \(mark)/0x0",
            "\(Self.comment("kubernetes service traffic requiring SNAT")) -j MASQUERADE"
                + (configuration.usesRandomFully ? " --random-fully" : ""),
        ]
    }

    var natNodePort: [String] {
        [
            "-p tcp \(commented(.nodePortLocalTCP, "dst")) -j RETURN",
            "-p tcp \(commented(.nodePortTCP, "dst")) -j KUBE-MARK-MASQ",
            "-p udp \(commented(.nodePortLocalUDP, "dst")) -j RETURN",
            "-p udp \(commented(.nodePortUDP, "dst")) -j KUBE-MARK-MASQ",
            "-p sctp \(commented(.nodePortLocalSCTP, "dst,dst")) -j RETURN",
            "-p sctp \(commented(.nodePortSCTP, "dst,dst")) -j KUBE-MARK-MASQ",
        ]
    }

    var loadBalancer: [String] {
        [
            masqueradeOwnTraffic(to: .loadBalancerLocal),
            "\(commented(.loadBalancerLocal, "dst,dst")) -j RETURN",
            "-j KUBE-MARK-MASQ",
        ]
    }

    var markMasquerade: [String] {
        // --or-mark in the form that every version of MARK knows.
        ["-j MARK --set-xmark \(mark)/\(mark)"]
    }

    // MARK: filter

    var forward: [String] {
        [
            "\(Self.comment("kubernetes forwarding rules")) -m mark --mark \(mark)/\(mark) -j ACCEPT",
            "\(Self.comment("kubernetes forwarding conntrack rule")) "
                + "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        ]
    }

    var filterNodePort: [String] {
        ["\(commented(.healthCheckNodePort, "dst")) -j ACCEPT"]
    }

    var proxyFirewall: [String] {
        ["\(commented(.loadBalancerFirewall, "dst,dst")) -j KUBE-SOURCE-RANGES-FIREWALL"]
    }

    var sourceRangesFirewall: [String] {
        [
            "\(commented(.loadBalancerSourceCIDR, "dst,dst,src")) -j RETURN",
            "\(commented(.loadBalancerSourceIP, "dst,dst,src")) -j RETURN",
            "-j DROP",
        ]
    }

    /// Lets nothing but Services be reached through their IPs, which are the node's own for the kernel.
    var ipvsFilter: [String] {
        [
            "\(match(.loadBalancer, "dst,dst")) -j RETURN",
            "\(match(.clusterIP, "dst,dst")) -j RETURN",
            "\(match(.externalIP, "dst,dst")) -j RETURN",
            "\(match(.externalIPLocal, "dst,dst")) -j RETURN",
            "\(match(.healthCheckNodePort, "dst")) -j RETURN",
            "-m conntrack --ctstate NEW \(match(.ipvsIPs, "dst")) -j REJECT --reject-with "
                + (family == .v4 ? "icmp-port-unreachable" : "icmp6-port-unreachable"),
        ]
    }

    func ipvsOutFilter(_ servers: [VirtualServer.ID]) -> [String] {
        func drop(_ server: VirtualServer.ID) -> String {
            "-m ipvs --vproto \(server.transport.rawValue) --vaddr \(server.address) --vport \(server.port) -j DROP"
        }
        switch configuration.ownTraffic {
        case .isFromVirtualIPs:
            return servers.map { "-s \(IPPrefix(host: $0.address)) \(drop($0))" }
        case .isFromTheNode:
            guard !servers.isEmpty else { return [] }
            // What IPVS forwards for others passes here too. It must not pay for a look-up in each of the rules.
            let others = ["-m ipvs ! --ipvs -j RETURN", "-m addrtype ! --src-type LOCAL -j RETURN"]
            return others + servers.map(drop)
        }
    }

    // MARK: Matches

    private func match(_ set: ServiceSet, _ directions: String) -> String {
        "-m set --match-set \(set.name(for: family)) \(directions)"
    }

    private func commented(_ set: ServiceSet, _ directions: String) -> String {
        "\(Self.comment(set.comment)) \(match(set, directions))"
    }

    static func comment(_ text: String) -> String {
        "-m comment --comment \(quoted(text))"
    }

    /// A word as iptables prints it (`xtables_save_string`): in quotes unless it has only letters, digits, `_` and `-`.
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default:
                false
            }
        }
        guard !isPlain || text.isEmpty else { return text }
        var quoted = "\""
        for character in text {
            if character == "\\" || character == "\"" || character == "'" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted + "\""
    }
}
