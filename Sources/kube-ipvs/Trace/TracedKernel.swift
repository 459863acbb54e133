// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import IPVSListing
import PacketTrace
import Reconcile

/// This node's kernel, as far as the trace of one packet asks it.
///
/// What could not be asked is kept as a sentence, once, and the trace goes on without it.
final class TracedKernel {
    private let routes: KernelRouteLookup
    private var sets: KernelSetMembership?
    private var ipvs: KernelIPVS?
    private(set) var failures: [String] = []
    private var members: [String: Bool?] = [:]
    private var answers: [RouteQuestion: NodeView.Route] = [:]
    private var sources: [RouteQuestion: IPAddress?] = [:]

    private struct RouteQuestion: Hashable {
        var destination: IPAddress
        var source: IPAddress?
        var link: String?
    }

    /// Neither IPVS nor sets are loaded by being looked at.
    init() throws(DataplaneError) {
        routes = try KernelRouteLookup()
        if KernelModule.isAbsent("ip_vs") {
            failures.append("ip_vs is not loaded: there are no virtual servers")
        } else {
            note { () throws(DataplaneError) in ipvs = try KernelIPVS() }
        }
        if KernelModule.isAbsent("ip_set") {
            failures.append("ip_set is not loaded: there are no sets")
        } else {
            note { () throws(DataplaneError) in sets = try KernelSetMembership() }
        }
    }

    var view: NodeView {
        NodeView(
            route: { self.route($0, $1, $2) },
            isMember: { self.isMember($0, $1) },
            virtualServer: { self.virtualServer($0) },
            masqueradeAddress: { self.masqueradeAddress($0, $1, $2) },
            isBridge: { self.routes.isBridge($0) && Self.setting("net/bridge/bridge-nf-call-iptables") == "1" },
            tracksConnections: Self.setting("net/ipv4/vs/conntrack") == "1"
        )
    }

    private static func setting(_ key: String) -> String? {
        try? KernelSysctls().read(key)
    }

    private func note(_ body: () throws(DataplaneError) -> Void) {
        do throws(DataplaneError) {
            try body()
        } catch {
            let words = "\(error)"
            if !failures.contains(words) { failures.append(words) }
        }
    }

    private func isMember(_ set: String, _ entry: IPSetEntry) -> Bool? {
        let key = "\(set) \(entry)"
        if let known = members[key] { return known }
        var answer: Bool? = KernelModule.isAbsent("ip_set") ? false : nil
        if let sets { note { () throws(DataplaneError) in answer = try sets.contains(entry, in: set) } }
        members[key] = .some(answer)
        return answer
    }

    private func virtualServer(_ identity: ObservedVirtualServer.Identity) -> ObservedVirtualServer? {
        var server: ObservedVirtualServer?
        if let ipvs {
            note { () throws(DataplaneError) in server = try ipvs.virtualServer(identity) }
        }
        return server
    }

    private func route(_ destination: IPAddress, _ source: IPAddress?, _ link: String?) -> NodeView.Route {
        let question = RouteQuestion(destination: destination, source: source, link: link)
        if let answer = answers[question] { return answer }
        let answer = lookUp(question)
        answers[question] = answer
        return answer
    }

    private func lookUp(_ question: RouteQuestion) -> NodeView.Route {
        do throws(DataplaneError) {
            let answer = try routes.route(to: question.destination, from: question.source, by: question.link)
            guard answer.isLocal else {
                return NodeView.Route(
                    answer.isUnicast ? .unicast : .none("it is no route to a host"), link: answer.link,
                    gateway: answer.gateway, source: answer.source)
            }
            let entry = try? routes.entry(for: question.destination)
            return NodeView.Route(
                .local(isAddress: entry?.isOfKernel), link: entry?.link, source: answer.source)
        } catch {
            return NodeView.Route(.none(error.explanation))
        }
    }

    private func masqueradeAddress(_ link: String, _ destination: IPAddress, _ nextHop: IPAddress) -> IPAddress? {
        let question = RouteQuestion(destination: destination, source: nextHop, link: link)
        if let known = sources[question] { return known }
        var address: IPAddress?
        note { () throws(DataplaneError) in
            address = try routes.masqueradeAddress(for: destination, nextHop: nextHop, by: link)
        }
        sources[question] = .some(address)
        return address
    }
}

// MARK: Entries of connections

extension TracedKernel {
    /// What the kernel has of a connection with just these ends, and of a client that IPVS remembers.
    func entries(of packet: TracedPacket, _ server: ObservedVirtualServer?) -> [String] {
        let isPersistent = server?.configuration.flags.contains(.persistent) ?? false
        var lines = flows(of: packet)
        guard packet.sourcePort != nil || isPersistent, server != nil else { return lines }
        lines += connections(of: packet, isPersistent: isPersistent)
        return lines
    }

    private func flows(of packet: TracedPacket) -> [String] {
        guard let port = packet.sourcePort, !KernelModule.isAbsent("nf_conntrack") else { return [] }
        let server = VirtualServer.ID(
            address: packet.destination, port: packet.destinationPort, transport: packet.transport)
        var flows: [ConntrackFlow] = []
        note { () throws(DataplaneError) in
            flows = try KernelConntrack().flows(matching: ConntrackFilter(server: server)) {
                $0.original.source == packet.source && $0.original.sourcePort == port
            }
        }
        return flows.map { flow in
            let client = flow.reply.destination.joined(port: flow.reply.destinationPort)
            return "conntrack has \(flow), and is answered to \(client): it goes on so"
        }
    }

    private func connections(of packet: TracedPacket, isPersistent: Bool) -> [String] {
        var lines: [String] = []
        note { () throws(DataplaneError) in
            var file = try ConnectionTableFile()
            while case let texts = try file.nextLines(), !texts.isEmpty {
                for entry in texts.compactMap(ConnectionEntry.init(line:)) {
                    if let line = Self.line(entry, packet, isPersistent) { lines.append(line) }
                }
            }
        }
        return lines
    }

    private static func line(_ entry: ConnectionEntry, _ packet: TracedPacket, _ isPersistent: Bool) -> String? {
        guard entry.protocolName == "\(packet.transport)", entry.client.address == packet.source,
            entry.virtual.address == packet.destination, entry.virtual.port == packet.destinationPort
        else { return nil }
        let destination = entry.destination.address.joined(port: entry.destination.port)
        if entry.client.port == 0, isPersistent {
            return "IPVS remembers \(packet.source) for \(entry.expires) s: it goes to \(destination)"
        }
        guard let port = packet.sourcePort, entry.client.port == port else { return nil }
        return "IPVS has a connection to \(destination), \(entry.state), for \(entry.expires) s: it goes on so"
    }
}
