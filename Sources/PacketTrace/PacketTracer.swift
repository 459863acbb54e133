// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// Follows the first packet of a connection through a node's rules, routing and IPVS, in the order of the kernel's hooks
/// (`ip_vs_ops4` and `ip_vs_ops6` in `net/netfilter/ipvs/ip_vs_core.c`).
///
/// What comes in is seen by PREROUTING, by routing, by INPUT, and then by IPVS, which sends it on as if the node did: OUTPUT and
/// POSTROUTING see it with the endpoint in the place of the virtual IP. What the node itself sends is seen by IPVS within OUTPUT,
/// after the table `nat`.
public struct PacketTracer {
    /// Where the packet comes from.
    public enum Origin: Hashable, Sendable {
        /// The node itself, from the address that its kernel takes.
        case node
        /// Whoever has the address: the node, or a host or pod that the node would answer by the link that its routes name.
        case address(IPAddress)
    }

    /// What is to be traced.
    public struct Request: Hashable, Sendable {
        public var origin: Origin
        /// Host byte order; `nil` for any.
        public var sourcePort: UInt16?
        public var target: VirtualServer.ID

        public init(from origin: Origin, port sourcePort: UInt16? = nil, to target: VirtualServer.ID) {
            self.origin = origin
            self.sourcePort = sourcePort
            self.target = target
        }
    }

    let rules: ListedRules
    let otherRules: ListedRules?
    let otherVariant: String?
    let node: NodeView
    let names: TraceNames
    var path: PacketPath
    var packet: TracedPacket

    /// - Parameters:
    ///   - rules: as the variant of iptables that the daemon uses lists them.
    ///   - otherRules: those of the other variant, which the kernel asks too, with its name.
    ///   - differences: how the rules are not as the proxy writes them.
    public static func trace(
        _ request: Request,
        through rules: ListedRules,
        and otherRules: (ListedRules, String)? = nil,
        differences: [String] = [],
        on node: NodeView,
        names: TraceNames = TraceNames()
    ) -> PacketPath {
        var tracer = PacketTracer(request, rules, otherRules, node, names)
        tracer.path.steps += differences.map { .difference($0) }
        tracer.run(request.origin)
        tracer.finish()
        return tracer.path
    }

    private init(
        _ request: Request,
        _ rules: ListedRules,
        _ otherRules: (ListedRules, String)?,
        _ node: NodeView,
        _ names: TraceNames
    ) {
        self.rules = rules
        self.otherRules = otherRules?.0
        self.otherVariant = otherRules?.1
        self.node = node
        self.names = names
        let target = request.target
        var source = target.address
        if case .address(let address) = request.origin { source = address }
        packet = TracedPacket(
            target.transport, from: source, port: request.sourcePort, to: target.address, port: target.port)
        path = PacketPath(packet: packet)
    }

    private mutating func run(_ origin: Origin) {
        switch origin {
        case .node: sendFromNode(nil)
        case .address(let address):
            let back = node.route(address, nil, nil)
            switch back.kind {
            case .local: sendFromNode(address)
            case .unicast: comeIn(by: back.link)
            case .none(let words):
                path.steps.append(
                    .note("the node has no route back to \(address) (\(words)), so the link it came in by is not known")
                )
                comeIn(by: nil)
            }
        }
    }

    /// What a trace says when all else is said.
    private mutating func finish() {
        let unknown = path.steps.contains { step in
            if case .rule(let rule) = step { rule.effect == .notEvaluated } else { false }
        }
        let unknownLater = path.deliveries.contains { $0.steps.contains { $0.effect == .notEvaluated } }
        path.isCertain = !unknown && !unknownLater
    }

    mutating func conclude(_ outcome: PathVerdict.Outcome, _ text: String) {
        path.verdict = PathVerdict(outcome, text)
    }

    // MARK: Rules

    /// Goes through some tables of a hook.
    ///
    /// - Returns: whether the packet goes on; if not, the verdict has been given.
    mutating func pass(_ hook: PacketHook, _ tables: [ListedRules.Table]) -> Bool {
        for table in tables {
            for (rules, variant) in [(rules, nil), (otherRules, otherVariant)] {
                guard let rules else { continue }
                var walk = ChainWalk(rules, packet, at: hook, on: node, variant: variant)
                let end = walk.run(table)
                path.steps += walk.steps.map { .rule($0) }
                packet.mark = walk.packet.mark
                switch end {
                case nil, .accepted, .masqueraded, .sourceChanged: continue
                case .dropped(let step): conclude(.dropped, dropText(step))
                case .rejected(let step): conclude(.refused, rejectText(step))
                case .diverted(let step): conclude(.diverted, "TAKEN BY OTHERS: \(step.place): \(step.rule)")
                }
                return false
            }
        }
        return true
    }

    func dropText(_ step: RuleStep) -> String {
        guard step.isOurs else { return "DROPPED: \(step.place): \(step.rule)" }
        let service = names.service ?? "\(path.packet.target)"
        if step.chain == ServiceChain.ipvsOutFilter.name {
            return "DROPPED: loadBalancerSourceRanges of \(service) do not let this node in"
        }
        return "DROPPED: \(packet.source) is in no loadBalancerSourceRanges of \(service)"
    }

    func rejectText(_ step: RuleStep) -> String {
        step.isOurs
            ? "REFUSED: \(packet.destination) is a virtual IP, and no Service has \(packet.target)"
            : "REFUSED: \(step.place): \(step.rule)"
    }
}

extension RuleStep {
    /// Such as `nat PREROUTING, chain KUBE-SERVICES, rule 3`.
    var place: String {
        let chain = chain == hook.rawValue ? "" : ", chain \(chain)"
        return "\(table.rawValue) \(hook.rawValue)\(chain)" + (number.map { ", rule \($0)" } ?? "")
            + (variant.map { " (iptables-\($0))" } ?? "")
    }
}
