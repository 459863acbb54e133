// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// The way up to IPVS.
extension PacketTracer {
    /// A packet from off the node, or from a pod.
    mutating func comeIn(by link: String?) {
        packet.inLink = link
        packet.isBridged = link.map(node.isBridge) ?? false
        path.packet = packet
        guard pass(.prerouting, [.raw, .mangle, .nat]) else { return }
        let route = node.route(packet.destination, packet.source, link)
        path.steps.append(.routing(words(of: route)))
        guard route.isLocal else {
            if node.virtualServer(.address(packet.target)) != nil {
                path.steps.append(
                    .note(
                        "IPVS has \(packet.target), but is not asked: packets from elsewhere reach it at local addresses only"
                    ))
            }
            return conclude(.notLocal, notLocalText(route))
        }
        guard pass(.input, [.mangle, .filter, .security]) else { return }
        guard let server = findServer() else { return concludeWithoutServer() }
        spread(over: server, fromNode: false)
    }

    /// A packet of the node's own programs.
    mutating func sendFromNode(_ source: IPAddress?) {
        let route = node.route(packet.destination, source, nil)
        if let source = source ?? route.source { packet.source = source }
        packet.outLink = route.isLocal ? "lo" : route.link
        path.packet = packet
        path.steps.append(.routing(words(of: route)))
        if case .none = route.kind { return conclude(.notLocal, notLocalText(route)) }
        path.steps.append(.routing("the node sends from \(packet.source)"))
        // IPVS comes after the table nat in OUTPUT, and before filter (`NF_IP_PRI_NAT_DST + 2`).
        guard pass(.output, [.raw, .mangle, .nat]) else { return }
        if let server = findServer() {
            if !route.isLocal {
                path.steps.append(
                    .note(
                        "the address is not local: IPVS serves it to the node itself all the same, and to nobody else"))
            }
            return spread(over: server, fromNode: true)
        }
        guard pass(.output, [.filter, .security]), pass(.postrouting, [.mangle]) else { return }
        guard route.isLocal else { return conclude(.notLocal, notLocalText(route)) }
        (packet.inLink, packet.outLink) = ("lo", nil)
        guard pass(.input, [.mangle, .filter, .security]) else { return }
        concludeWithoutServer()
    }

    private mutating func concludeWithoutServer() {
        conclude(
            .notAService,
            "NO SERVICE: IPVS has no virtual server \(packet.target): the packet goes to the node's own programs")
    }

    /// In the order in which the kernel looks: by firewall mark, by address and port, by address alone (`ip_vs_service_find`).
    private func findServer() -> ObservedVirtualServer? {
        if packet.mark != 0, let server = node.virtualServer(.firewallMark(packet.mark, packet.family)) {
            return server
        }
        if let server = node.virtualServer(.address(packet.target)) { return server }
        var everyPort = packet.target
        everyPort.port = 0
        return node.virtualServer(.address(everyPort))
    }

    // MARK: Words

    private func words(of route: NodeView.Route) -> String {
        let address = packet.destination
        switch route.kind {
        case .local(let isAddress):
            let link = route.link.map { " of \($0)" } ?? ""
            return switch isAddress {
            case true?: "\(address) is local: an address\(link)"
            case false?: "\(address) is local: by a route\(route.link.map { " on \($0)" } ?? ""), and no address"
            case nil: "\(address) is local"
            }
        case .unicast: return "\(address) is not local: packets go\(hop(route))"
        case .none(let words): return "\(address) is not local, and has no route: \(words)"
        }
    }

    private func hop(_ route: NodeView.Route) -> String {
        (route.gateway.map { " to \($0)" } ?? "") + (route.link.map { " by \($0)" } ?? "")
    }

    private func notLocalText(_ route: NodeView.Route) -> String {
        switch route.kind {
        case .none(let words):
            "NOT LOCAL: \(packet.destination) is no address of this node, and it has no route there: \(words)"
        default:
            "NOT LOCAL: \(packet.destination) is no address of this node: packets go\(hop(route))"
        }
    }
}
