// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile

/// A line that changes the fake kernel as somebody else would: mostly the real command, with the options that are needed here.
struct KernelCommand {
    private let line: String
    private var words: ArraySlice<String>
    private let kernel: FakeDataplane

    init(_ line: String, on kernel: FakeDataplane) {
        self.line = line
        words = line.split(separator: " ").map(String.init)[...]
        self.kernel = kernel
    }

    /// - Parameter interfaces: the addresses of the node's interfaces.
    mutating func run(_ interfaces: inout Set<IPAddress>) async throws {
        switch try next() {
        case "ipvsadm": try runIPVSAdm()
        case "ipset": try runIPSet()
        case "ip": try runIP(&interfaces)
        case "iptables": try await restore(.v4)
        case "ip6tables": try await restore(.v6)
        case "connections":
            let server = try realServer(next())
            kernel.ipvs.connections[server] = try number(next())
        case "flow":
            try expect("udp")
            let (client, server, endpoint) = (try realServer(next()), try realServer(next()), try realServer(next()))
            kernel.conntrack.flows.append(Self.flow(client, server, endpoint))
        case "modprobe":
            let isRemoved = words.first == "-r"
            if isRemoved { words.removeFirst() }
            let module = try next()
            guard module.hasPrefix("ip_vs_") else { throw wrong("only schedulers come and go") }
            let name = String(module.dropFirst("ip_vs_".count))
            if isRemoved {
                kernel.ipvs.missingSchedulers.insert(name)
            } else {
                kernel.ipvs.missingSchedulers.remove(name)
            }
        case "refuse": try refuse()
        case "accept":
            try expect("everything")
            kernel.ipvs.brokenAddresses = []
            kernel.ipvs.brokenRealServers = []
            kernel.sets.refusedEntries = []
            kernel.addresses.brokenAddresses = []
            kernel.rules.brokenFamilies = []
        default: throw wrong("an unknown command")
        }
        guard words.isEmpty else { throw wrong("nothing is expected from `\(words.joined(separator: " "))` on") }
    }

    // MARK: Words

    private func wrong(_ reason: String) -> ScenarioError { ScenarioError("`\(line)`: \(reason)") }

    private mutating func next() throws -> String {
        guard let word = words.popFirst() else { throw wrong("it ends too early") }
        return word
    }

    private mutating func expect(_ word: String) throws {
        guard try next() == word else { throw wrong("`\(word)` is expected") }
    }

    private mutating func option(_ name: String) throws -> String? {
        guard words.first == name else { return nil }
        words.removeFirst()
        return try next()
    }

    private func address(_ text: String) throws -> IPAddress {
        guard let address = IPAddress(text) else { throw wrong("\(text) is no address") }
        return address
    }

    private func number<Number: FixedWidthInteger>(_ text: some StringProtocol) throws -> Number {
        guard let number = Number(text) else { throw wrong("\(text) is no number") }
        return number
    }

    /// `ADDRESS:PORT` or `[ADDRESS]:PORT`.
    private func realServer(_ text: String) throws -> RealServer.ID {
        guard let colon = text.lastIndex(of: ":") else { throw wrong("\(text) has no port") }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        return RealServer.ID(address: try address(host), port: try number(text[text.index(after: colon)...]))
    }

    private func attempt(_ accepted: Bool) throws {
        guard accepted else { throw wrong("the kernel refuses it") }
    }

    // MARK: ipvsadm

    private mutating func runIPVSAdm() throws {
        let verb = try next()
        if verb == "-C" {
            kernel.ipvs.table = IPVSTable()
            return
        }
        if verb == "-A", let mark = try option("-f") {
            kernel.ipvs.firewallMarks.append(try number(mark))
            // The fake keeps no scheduler for it.
            guard try option("-s") ?? "rr" == "rr" else { throw wrong("a firewall mark has -s rr") }
            return
        }
        let id = try virtualServer()
        switch verb {
        case "-A": try attempt(kernel.ipvs.table.apply(.addVirtualServer(id, try configuration(of: id))))
        case "-E": try attempt(kernel.ipvs.table.apply(.editVirtualServer(id, try configuration(of: id))))
        case "-D": try attempt(kernel.ipvs.table.apply(.removeVirtualServer(id)))
        case "-a": try attempt(kernel.ipvs.table.apply(.addRealServer(try realServer(), to: id)))
        case "-e": try attempt(kernel.ipvs.table.apply(.editRealServer(try realServer(), of: id)))
        case "-d": try attempt(kernel.ipvs.table.apply(.removeRealServer(try realServer().id, from: id)))
        default: throw wrong("an unknown command of ipvsadm")
        }
    }

    private mutating func virtualServer() throws -> VirtualServer.ID {
        let transports: [String: TransportProtocol] = ["-t": .tcp, "-u": .udp, "--sctp-service": .sctp]
        guard let transport = transports[try next()] else { throw wrong("-t, -u or --sctp-service is expected") }
        let endpoint = try realServer(next())
        return VirtualServer.ID(address: endpoint.address, port: endpoint.port, transport: transport)
    }

    private mutating func configuration(of id: VirtualServer.ID) throws -> VirtualServer.Configuration {
        guard let scheduler = Scheduler(try option("-s") ?? "rr") else { throw wrong("no scheduler") }
        var configuration = VirtualServer.Configuration(
            scheduler: scheduler, persistenceMask: VirtualServer.Configuration.singleClientMask(for: id.family))
        if let timeout = try option("-p") {
            configuration.flags.insert(.persistent)
            configuration.persistenceTimeout = try number(timeout)
        }
        return configuration
    }

    private mutating func realServer() throws -> RealServer {
        guard let id = try option("-r") else { throw wrong("-r is expected") }
        var server = RealServer(id: try realServer(id))
        let methods: [String: ForwardingMethod] = ["-m": .masquerade, "-g": .directRoute, "-i": .tunnel]
        if let word = words.first, let method = methods[word] {
            words.removeFirst()
            server.forwarding = method
        }
        if let weight = try option("-w") { server.weight = try number(weight) }
        return server
    }

    // MARK: ipset

    private mutating func runIPSet() throws {
        let verb = try next()
        let name = try next()
        switch verb {
        case "create":
            guard let type = IPSetType(rawValue: try next()) else { throw wrong("an unknown type") }
            var set = IPSetDefinition(name: name, type: type, family: name.hasPrefix("KUBE-6-") ? .v6 : .v4)
            if let family = try option("family") { set.family = family == "inet6" ? .v6 : .v4 }
            if let limit = try option("maxelem") { set.maximumElements = try number(limit) }
            try kernel.sets.create(set)
        case "add", "del":
            guard let set = kernel.sets.sets[name]?.definition else { throw wrong("there is no such set") }
            guard let entry = IPSetEntry(try next(), type: set.type) else { throw wrong("no entry for it") }
            if verb == "add" {
                kernel.sets.sets[name]?.members.insert(entry)
            } else {
                try attempt(kernel.sets.sets[name]?.members.remove(entry) != nil)
            }
        case "flush": kernel.sets.sets[name]?.members = []
        case "destroy": try kernel.sets.destroy(name)
        default: throw wrong("an unknown command of ipset")
        }
    }

    // MARK: ip, iptables and what a kernel can be told only in a test

    private mutating func runIP(_ interfaces: inout Set<IPAddress>) throws {
        let object = try next()
        let verb = try next()
        if object == "link" {
            try expect("kube-ipvs0")
            kernel.addresses.hasLink = verb == "add"
            if verb == "add" {
                try expect("type")
                try expect("dummy")
            } else {
                kernel.addresses.bound = []
                kernel.addresses.strays = []
            }
            return
        }
        guard object != "route" else { return try runRoute(verb) }
        let text = try next()
        guard object == "address", let prefix = IPPrefix(text), let host = text.split(separator: "/").first else {
            throw wrong("`ip link` or `ip address` with ADDRESS/LENGTH is expected")
        }
        let address = try address(String(host))
        try expect("dev")
        let isAdded = verb == "add"
        guard try next() == DummyLink.name else {
            if isAdded { interfaces.insert(address) } else { interfaces.remove(address) }
            return
        }
        let bound = BoundAddress(address, prefixLength: prefix.length, isSelectable: true)
        if bound.isStray {
            if isAdded { kernel.addresses.strays.insert(bound) } else { kernel.addresses.strays.remove(bound) }
        } else if isAdded {
            kernel.addresses.bound.insert(address)
            if address.family == .v6 { kernel.addresses.selectable.insert(address) }
        } else {
            try attempt(kernel.addresses.bound.remove(address) != nil)
        }
    }

    private mutating func runRoute(_ verb: String) throws {
        try expect("local")
        var route = LocalRoute(try address(next()))
        if let metric = try option("metric") {
            guard let number = UInt32(metric) else { throw wrong("metric NUMBER is expected") }
            route.metric = number
        }
        if verb == "add" {
            kernel.addresses.routes.insert(route)
        } else {
            try attempt(kernel.addresses.routes.remove(route) != nil)
        }
    }

    private mutating func restore(_ family: IPFamily) async throws {
        guard let table = try option("-t") else { throw wrong("-t TABLE is expected") }
        let isChain = words.first == "-N"
        let rule = isChain ? ":\(words.last ?? "") - [0:0]" : words.joined(separator: " ")
        words = []
        try await kernel.rules.restore("*\(table)\n\(rule)\nCOMMIT\n", family)
    }

    private mutating func refuse() throws {
        let what = try next()
        switch what {
        case "virtual-server": kernel.ipvs.brokenAddresses.insert(try address(next()))
        case "real-server": kernel.ipvs.brokenRealServers.insert(try address(next()))
        case "address": kernel.addresses.brokenAddresses.insert(try address(next()))
        case "entry":
            let name = try next()
            guard let set = kernel.sets.sets[name]?.definition, let entry = IPSetEntry(try next(), type: set.type)
            else {
                throw wrong("SET ENTRY is expected")
            }
            kernel.sets.refusedEntries.insert(entry)
        case "rules": kernel.rules.brokenFamilies.insert(try next() == "IPv6" ? .v6 : .v4)
        default: throw wrong("nobody knows how to refuse \(what)")
        }
    }

    private static func flow(
        _ client: RealServer.ID,
        _ server: RealServer.ID,
        _ endpoint: RealServer.ID
    ) -> ConntrackFlow {
        ConntrackFlow(
            transport: .udp,
            original: .init(
                source: client.address, sourcePort: client.port, destination: server.address,
                destinationPort: server.port),
            reply: .init(
                source: endpoint.address, sourcePort: endpoint.port, destination: client.address,
                destinationPort: client.port)
        )
    }
}
