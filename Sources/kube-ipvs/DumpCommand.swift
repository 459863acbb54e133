// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import IPVSListing

/// `kube-ipvs dump`: what the kernel's IPVS holds.
struct DumpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "Shows the kernel's IPVS as ipvsadm does, with the names of Services, or as JSON.",
        discussion: """
            Options have ipvsadm's names and meaning: "kube-ipvs dump -Ln --stats" prints what "ipvsadm -Ln --stats" \
            does. With --services, and as JSON, it names Services, Pods, nodes and zones. Those the running daemon \
            tells; without one they are read from where --config, --kubeconfig, --master or --manifests say.
            """
    )

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Flag(
        name: [.customShort("L"), .customShort("l"), .customLong("list")], help: "Does nothing: listing is the default."
    )
    var list = false
    @Flag(name: .shortAndLong, help: "Show addresses and ports as numbers.")
    var numeric = false
    @Flag(
        name: [.customShort("c"), .customLong("connection"), .customLong("connections")],
        help: "Show the connection table."
    )
    var connections = false
    @Flag(name: .customLong("timeout"), help: "Show the timeouts of connections (tcp, tcpfin, udp).")
    var timeouts = false
    @Flag(name: .customLong("daemon"), help: "Show the connection sync daemons.")
    var syncDaemons = false
    @Flag(name: .customLong("stats"), help: "Show counters.")
    var statistics = false
    @Flag(name: .customLong("rate"), help: "Show rates per second.")
    var rates = false
    @Flag(name: .customLong("thresholds"), help: "Show the connection thresholds.")
    var thresholds = false
    @Flag(
        name: .customLong("persistent-conn"),
        help: "Show the number of persistent connections; with -c, what persistence engines remember."
    )
    var persistentConnections = false
    @Flag(name: .customLong("tun-info"), help: "Show the encapsulation of tunnels.")
    var tunnels = false
    @Flag(name: [.customShort("X"), .customLong("exact")], help: "Show all digits of counters.")
    var exact = false
    @Flag(name: .customLong("sort"), help: "Does nothing: sorting is the default.")
    var sort = false
    @Flag(name: .customLong("nosort"), help: "Keep the kernel's order.")
    var unsorted = false
    @Flag(name: [.customShort("S"), .long], help: "Print the commands that \"ipvsadm --restore\" reads.")
    var save = false

    @Option(
        name: [.customShort("t"), .customLong("tcp-service")],
        help: ArgumentHelp("Show this TCP virtual server only.", valueName: "address[:port]")
    )
    var tcpServices: [String] = []
    @Option(
        name: [.customShort("u"), .customLong("udp-service")],
        help: ArgumentHelp("Show this UDP virtual server only.", valueName: "address[:port]")
    )
    var udpServices: [String] = []
    @Option(
        name: .customLong("sctp-service"),
        help: ArgumentHelp("Show this SCTP virtual server only.", valueName: "address[:port]")
    )
    var sctpServices: [String] = []
    @Option(
        name: [.customShort("f"), .customLong("fwmark-service")],
        help: ArgumentHelp("Show the virtual server for this firewall mark only.", valueName: "mark")
    )
    var markServices: [UInt32] = []
    @Flag(name: [.customShort("6"), .customLong("ipv6")], help: "The firewall mark's virtual server for IPv6.")
    var isIPv6 = false

    @Option(name: .shortAndLong, help: ArgumentHelp("The form of the output.", valueName: "text|json"))
    var output = Output.text

    @Flag(help: "Show the Service of each virtual server, and Pod, node and zone of each real server.")
    var services = false
    @OptionGroup var filter: FilterFlags
    @OptionGroup var objects: ObjectSourceFlags

    func validate() throws {
        do {
            _ = try request().subject()
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() async throws {
        let wantsNames = services || output == .json && !connections && !timeouts && !syncDaemons
        try write(to: .standardOutput, names: wantsNames ? await ServerNameSource.find(objects) : .none)
    }

    func write(to output: OutputDescriptor, names source: ServerNameSource = .none) throws {
        let request = try request()
        let dump = try KernelDump(to: output, names: source)
        if numeric || request.json || request.services {
            var names = NumericNames()
            try dump.write(request, &names)
        } else {
            var names = SystemNames()
            try dump.write(request, &names)
        }
    }

    private func request() throws(DumpConflict) -> DumpRequest {
        var request = DumpRequest()
        request.virtualServers = try selectedServers()
        request.connections = connections
        request.timeouts = timeouts
        request.syncDaemons = syncDaemons
        request.statistics = statistics
        request.rates = rates
        request.thresholds = thresholds
        request.persistentConnections = persistentConnections
        request.tunnels = tunnels
        request.exact = exact
        request.unsorted = unsorted
        request.save = save
        request.services = services
        request.filter = filter.filter
        request.json = output == .json
        return request
    }

    private func selectedServers() throws(DumpConflict) -> [ObservedVirtualServer.Identity] {
        var identities: [ObservedVirtualServer.Identity] = []
        for (transport, services) in [
            (TransportProtocol.tcp, tcpServices), (.udp, udpServices), (.sctp, sctpServices),
        ] {
            for service in services {
                guard let id = ServiceSelector(transport: transport).virtualServer(named: service) else {
                    throw DumpConflict("'\(service)' is not the address[:port] of a \(transport) virtual server")
                }
                identities.append(.address(id))
            }
        }
        if isIPv6, markServices.isEmpty {
            throw DumpConflict("-6 goes only with --fwmark-service")
        }
        for mark in markServices {
            guard mark > 0 else { throw DumpConflict("a firewall mark is greater than zero") }
            identities.append(.firewallMark(mark, isIPv6 ? .v6 : .v4))
        }
        return identities
    }
}
