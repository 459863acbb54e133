// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// The way from IPVS to an endpoint.
extension PacketTracer {
    /// Follows the packet to each real server that it may get.
    mutating func spread(over server: ObservedVirtualServer, fromNode: Bool) {
        path.server = server
        let candidates = server.realServers.filter(\.takesConnections)
        guard !candidates.isEmpty else {
            let service = names.service.map { " of \($0)" } ?? ""
            let count = server.realServers.count
            return conclude(
                .refused,
                count == 0
                    ? "REFUSED: no endpoints\(service)"
                    : "REFUSED: no endpoints\(service) take new connections: \(count) drain or are full")
        }
        path.deliveries = candidates.map { deliver(to: $0, fromNode) }
        concludeDeliveries()
    }

    private func deliver(to realServer: ObservedRealServer, _ fromNode: Bool) -> Delivery {
        let endpoint = realServer.realServer.id
        var delivery = Delivery(
            realServer: realServer, fate: .arrives(as: packet.source),
            isHairpin: endpoint.address == packet.source, isMasqueraded: false, steps: [])
        var sent = packet
        sent.virtualServer = packet.target
        (sent.destination, sent.destinationPort) = (endpoint.address, endpoint.port)
        let route = node.route(endpoint.address, nil, nil)
        if case .none(let words) = route.kind {
            delivery.fate = .lost("there is no route to \(endpoint.address): \(words)")
            return delivery
        }
        // An endpoint in the node's own network gets the packet where it is, in INPUT (`ip_vs_nat_send_or_cont`).
        if route.isLocal, !fromNode { return delivery }
        sent.inLink = nil
        sent.outLink = route.isLocal ? "lo" : route.link
        let tables: [ListedRules.Table] =
            fromNode && route.isLocal ? [.filter, .security] : [.raw, .mangle, .filter, .security]
        for table in tables {
            guard pass(&delivery, &sent, .output, table) else { return delivery }
        }
        for table in [ListedRules.Table.mangle, .nat] where node.tracksConnections || table != .nat {
            guard pass(&delivery, &sent, .postrouting, table, route) else { return delivery }
        }
        finish(&delivery, sent, route, fromNode)
        return delivery
    }

    /// - Returns: whether it goes on.
    private func pass(
        _ delivery: inout Delivery,
        _ sent: inout TracedPacket,
        _ hook: PacketHook,
        _ table: ListedRules.Table,
        _ route: NodeView.Route? = nil
    ) -> Bool {
        for (rules, variant) in [(rules, nil), (otherRules, otherVariant)] {
            guard let rules else { continue }
            var walk = ChainWalk(rules, sent, at: hook, on: node, variant: variant)
            let end = walk.run(table)
            delivery.steps += walk.steps
            sent.mark = walk.packet.mark
            switch end {
            case nil, .accepted: continue
            case .dropped(let step):
                delivery.fate = .lost(dropText(step))
                return false
            case .rejected(let step):
                delivery.fate = .lost(rejectText(step))
                return false
            case .diverted(let step):
                delivery.fate = .lost("TAKEN BY OTHERS: \(step.place): \(step.rule)")
                return false
            case .masqueraded where !delivery.isMasqueraded:
                delivery.isMasqueraded = true
                delivery.fate = .arrives(as: masqueradeAddress(sent, route))
            case .sourceChanged(let address, _) where !delivery.isMasqueraded:
                delivery.isMasqueraded = true
                delivery.fate = .arrives(as: address)
            case .masqueraded, .sourceChanged: continue
            }
        }
        return true
    }

    private func masqueradeAddress(_ sent: TracedPacket, _ route: NodeView.Route?) -> IPAddress? {
        guard let link = sent.outLink else { return nil }
        return node.masqueradeAddress(link, sent.destination, route?.gateway ?? sent.destination)
    }

    private func finish(
        _ delivery: inout Delivery,
        _ sent: TracedPacket,
        _ route: NodeView.Route,
        _ fromNode: Bool
    ) {
        if !node.tracksConnections {
            delivery.remarks.append("net.ipv4.vs.conntrack is 0: nothing that IPVS sends on is masqueraded")
        }
        guard !delivery.isMasqueraded else { return }
        let endpoint = sent.destination
        if delivery.isHairpin {
            delivery.fate = .lost("DROPPED: \(endpoint) would see itself as its client: it is not masqueraded")
        } else if sent.source.isLoopback, !route.isLocal {
            delivery.fate = .lost("DROPPED: no other host takes packets from \(sent.source), and it is not masqueraded")
        } else if let gateway = route.gateway {
            noteAnswer(&delivery, of: endpoint, behind: gateway, route, fromNode)
        }
    }

    /// Of an endpoint on another host, which sees the client as it is and answers it by its own routes.
    private func noteAnswer(
        _ delivery: inout Delivery,
        of endpoint: IPAddress,
        behind gateway: IPAddress,
        _ route: NodeView.Route,
        _ fromNode: Bool
    ) {
        if fromNode {
            guard packet.source == path.packet.destination else { return }
            delivery.remarks.append(
                "the packet has the virtual IP as its source: a host that has it too, as each node does, keeps the answer"
            )
        } else if let link = packet.inLink, link == route.link {
            // Both are on the same side of the node, so that what they say to each other need not pass it.
            delivery.fate = .lost(
                "DROPPED: \(endpoint) answers \(packet.source) past this node: both are behind \(link), and nothing is masqueraded"
            )
        } else {
            delivery.remarks.append(
                "the endpoint is behind \(gateway): its answer to \(packet.source) has to come back through this node")
        }
    }

    private mutating func concludeDeliveries() {
        var clients: [String] = []
        var losses: [String] = []
        var arriving = 0
        for delivery in path.deliveries {
            switch delivery.fate {
            case .arrives(let address):
                arriving += 1
                let words = address.map { "\($0)" } ?? "an address of the node"
                if !clients.contains(words) { clients.append(words) }
            case .lost(let words):
                if !losses.contains(words) { losses.append(words) }
            }
        }
        guard arriving > 0, let first = clients.first else {
            let words = losses.first ?? ""
            if words.hasPrefix("REFUSED") { return conclude(.refused, words) }
            if words.hasPrefix("TAKEN") { return conclude(.diverted, words) }
            return conclude(.dropped, words.hasPrefix("DROPPED: ") ? words : "DROPPED: \(words)")
        }
        let others = clients.dropFirst().map { " or \($0)" }.joined()
        let lost = path.deliveries.count - arriving
        conclude(
            .reaches,
            "reaches one of \(arriving) endpoint\(arriving == 1 ? "" : "s") as \(first)\(others)"
                + (lost > 0 ? "; with \(lost) more it would be lost: \(losses[0])" : ""))
    }
}

extension ObservedRealServer {
    /// Whether a scheduler may choose it: `ip_vs_scheduler`s leave out weight 0 and what is overloaded.
    var takesConnections: Bool {
        let limit = realServer.upperThreshold
        return realServer.weight > 0 && (limit == 0 || activeConnections + inactiveConnections < limit)
    }
}
