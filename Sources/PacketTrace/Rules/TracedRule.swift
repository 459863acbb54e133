// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// A rule of iptables in parts that can be evaluated.
struct TracedRule: Hashable, Sendable {
    enum Target: Hashable, Sendable {
        case accept
        case drop
        case reject
        case returns
        /// `mark = (mark & ~mask) ^ value`, as the kernel's target MARK does it.
        case mark(value: UInt32, mask: UInt32)
        case masquerade
        /// SNAT and its like, with the address where it is one.
        case source(IPAddress?)
        /// DNAT, REDIRECT, NETMAP: another destination.
        case destination
        /// To a program.
        case queue
        case jump(String)
        case goTo(String)
        /// Changes nothing that is looked at, or is not there at all.
        case goesOn
        /// May be anything.
        case unknown
    }

    /// As printed, without `-A CHAIN`.
    let text: String
    private(set) var conditions: [RuleCondition] = []
    private(set) var target = Target.goesOn
    /// As in the rule, such as `DNAT`; empty where there is none.
    private(set) var targetName = ""

    init(_ text: some StringProtocol) {
        self.text = String(text)
        var parser = RuleParser(RuleWords(text).words)
        parser.parse()
        conditions = parser.conditions
        targetName = parser.targetName
        target = parser.target
    }

    /// Whether a packet that the rule takes may not come to the next one.
    var mayDecide: Bool {
        switch target {
        case .mark, .goesOn: false
        default: true
        }
    }
}

/// Goes through the words of a rule.
private struct RuleParser {
    private var words: ArraySlice<String>
    private var module = ""
    private var server: ComparedServer?
    private(set) var conditions: [RuleCondition] = []
    private(set) var target = TracedRule.Target.goesOn
    private(set) var targetName = ""

    /// Modules whose options are read below. One that is not among them is a match that nobody here knows.
    private static let modules: Set<String> = [
        "tcp", "udp", "sctp", "multiport", "comment", "set", "mark", "conntrack", "state", "addrtype", "physdev",
        "ipvs",
    ]

    init(_ words: [String]) {
        self.words = words[...]
    }

    mutating func parse() {
        while let word = words.popFirst() {
            var (name, isInverted) = (word, false)
            if word == "!", let next = words.popFirst() { (name, isInverted) = (next, true) }
            if name == "-j" || name == "-g" {
                readTarget(isGoto: name == "-g")
                break
            }
            readOption(name, isInverted)
        }
        if let server {
            add(.virtualServer(address: server.address, port: server.port, transport: server.transport))
        }
    }

    private mutating func add(_ match: RuleCondition.Match, _ isInverted: Bool = false) {
        conditions.append(RuleCondition(match: match, isInverted: isInverted))
    }

    /// The values that follow an option.
    private mutating func values() -> [String] {
        var values: [String] = []
        while let next = words.first, next != "!", !next.hasPrefix("-") || next == "-1" {
            values.append(next)
            words.removeFirst()
        }
        return values
    }

    private mutating func readOption(_ name: String, _ isInverted: Bool) {
        let values = values()
        let value = values.first ?? ""
        if name == "-m" {
            module = value
            if !Self.modules.contains(value) { add(.unknown("-m \(value)")) }
            return
        }
        guard name.hasPrefix("--") == false || Self.modules.contains(module) || module.isEmpty else { return }
        switch (name, module) {
        case ("--comment", _): return
        case ("--vaddr", "ipvs") where !isInverted: compare { $0.address = Self.network(value) }
        case ("--vport", "ipvs") where !isInverted: compare { $0.port = UInt16(value) }
        case ("--vproto", "ipvs") where !isInverted: compare { $0.transport = Self.number(value) }
        default: add(match(name, values) ?? .unknown(([name] + values).joined(separator: " ")), isInverted)
        }
    }

    /// What `-m ipvs` compares, option by option.
    private struct ComparedServer {
        var address: IPPrefix?
        var port: UInt16?
        var transport: UInt8?
    }

    private mutating func compare(_ set: (inout ComparedServer) -> Void) {
        var compared = server ?? ComparedServer()
        set(&compared)
        server = compared
    }

    private func match(_ name: String, _ values: [String]) -> RuleCondition.Match? {
        let value = values.first ?? ""
        switch (name, module) {
        case ("-s", _): return Self.network(value).map { .source($0) }
        case ("-d", _): return Self.network(value).map { .destination($0) }
        case ("-p", _): return Self.number(value).map { .transport($0) }
        case ("-i", _): return .inLink(value)
        case ("-o", _): return .outLink(value)
        case ("--sport", _), ("--sports", _): return ports(value).map { .sourcePorts($0) }
        case ("--dport", _), ("--dports", _): return ports(value).map { .destinationPorts($0) }
        case ("--match-set", "set") where values.count == 2:
            let parts = values[1].split(separator: ",")
            guard parts.allSatisfy({ $0 == "src" || $0 == "dst" }) else { return nil }
            return .set(value, fromSource: parts.map { $0 == "src" })
        case ("--mark", "mark"): return RuleMark(value).map { .mark($0.value, mask: $0.mask) }
        case ("--ctstate", "conntrack"), ("--state", "state"):
            return .states(value.split(separator: ",").map(String.init))
        case ("--src-type", "addrtype"): return .sourceType(value)
        case ("--dst-type", "addrtype"): return .destinationType(value)
        case ("--physdev-is-in", "physdev"): return .comesOverBridge
        case ("--ipvs", "ipvs"): return .isOfIPVS
        case ("--syn", "tcp"): return .tcpFlags(mask: ["SYN"], set: ["SYN"])
        case ("--tcp-flags", "tcp") where values.count == 2:
            return .tcpFlags(mask: flags(values[0]), set: flags(values[1]))
        default: return nil
        }
    }

    private func flags(_ text: String) -> [String] {
        text == "NONE" ? [] : text.split(separator: ",").map(String.init)
    }

    private static func network(_ text: String) -> IPPrefix? {
        IPAddress(text).map(IPPrefix.init(host:)) ?? IPPrefix(text)
    }

    private static func number(_ text: String) -> UInt8? {
        let lowercase = text.lowercased()
        return TransportProtocol.allCases.first { $0.lowercaseName == lowercase }?.rawValue
            ?? ["icmp": 1, "ipv6-icmp": 58, "icmpv6": 58][lowercase] ?? UInt8(text)
    }

    private func ports(_ text: String) -> [ClosedRange<UInt16>]? {
        var ranges: [ClosedRange<UInt16>] = []
        for part in text.split(separator: ",") {
            let ends = part.split(separator: ":", omittingEmptySubsequences: false)
            let first = ends.first.flatMap { $0.isEmpty ? 0 : UInt16($0) }
            let last = ends.last.flatMap { $0.isEmpty ? .max : UInt16($0) }
            guard ends.count <= 2, let first, let last, first <= last else { return nil }
            ranges.append(first...last)
        }
        return ranges.isEmpty ? nil : ranges
    }

    // MARK: The target

    private mutating func readTarget(isGoto: Bool) {
        guard let name = words.popFirst() else { return }
        targetName = name
        target = isGoto ? .goTo(name) : Self.target(name, Array(words))
        words = []
    }

    private static func target(_ name: String, _ options: [String]) -> TracedRule.Target {
        switch name {
        case "ACCEPT": .accept
        case "DROP": .drop
        case "REJECT": .reject
        case "RETURN": .returns
        case "MASQUERADE": .masquerade
        case "SNAT": .source(IPAddress(value(of: "--to-source", options) ?? ""))
        case "DNAT", "REDIRECT", "NETMAP", "TPROXY": .destination
        case "QUEUE", "NFQUEUE": .queue
        case "MARK": RuleMark(target: options).map { .mark(value: $0.value, mask: $0.mask) } ?? .unknown
        // What these do is nothing that a packet's way depends on here.
        case "LOG", "NFLOG", "ULOG", "TRACE", "AUDIT", "TCPMSS", "TOS", "DSCP", "ECN", "TTL", "HL", "CLASSIFY",
            "CHECKSUM", "SET", "RATEEST", "LED", "SECMARK", "CONNSECMARK":
            .goesOn
        case "CONNMARK":
            // The connection is new, and so has no mark yet to be restored.
            options.contains("--restore-mark") ? .mark(value: 0, mask: .max) : .goesOn
        case "CT", "NOTRACK", "SYNPROXY", "IDLETIMER", "TEE", "HMARK", "CLUSTERIP": .unknown
        default: .jump(name)
        }
    }

    private static func value(of option: String, _ options: [String]) -> String? {
        guard let index = options.firstIndex(of: option), index + 1 < options.count else { return nil }
        return options[index + 1]
    }
}

/// A mark with its mask.
private struct RuleMark {
    var value: UInt32
    var mask: UInt32

    /// Such as `0x4000/0x4000`, or a value alone.
    init?(_ text: String) {
        let parts = text.split(separator: "/").map { part in
            part.hasPrefix("0x") ? UInt32(part.dropFirst(2), radix: 16) : UInt32(part)
        }
        guard (1...2).contains(parts.count), let value = parts[0], let mask = parts.count == 2 ? parts[1] : .max else {
            return nil
        }
        (self.value, self.mask) = (value, mask)
    }

    /// The options of the target MARK, in the form of `--set-xmark`.
    init?(target options: [String]) {
        guard options.count == 2, let given = RuleMark(options[1]) else { return nil }
        switch options[0] {
        case "--set-xmark": self = given
        case "--set-mark": (value, mask) = (given.value, given.mask | given.value)
        case "--and-mark": (value, mask) = (0, ~given.value)
        case "--or-mark": (value, mask) = (given.value, given.value)
        case "--xor-mark": (value, mask) = (given.value, 0)
        default: return nil
        }
    }
}
