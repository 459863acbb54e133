// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Testing

struct StaleFlowTests {
    private static let configuration = VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max)

    private func endpoint(_ text: String) -> RealServer.ID {
        RealServer.ID(address: IPAddress(text) ?? IPAddress(v4: 0), port: 5353)
    }

    private func server(_ address: String, port: UInt16 = 53, _ transport: TransportProtocol = .udp) -> VirtualServer.ID
    {
        VirtualServer.ID(address: IPAddress(address) ?? IPAddress(v4: 0), port: port, transport: transport)
    }

    private func contribution(_ servers: [VirtualServer.ID], serving endpoints: [String]) -> Contribution {
        var contribution = Contribution()
        contribution.virtualServers = servers.map { VirtualServer(id: $0, configuration: Self.configuration) }
        contribution.servingEndpoints = endpoints.map(endpoint).sorted()
        return contribution
    }

    private func flow(to server: VirtualServer.ID, answeredBy endpoint: RealServer.ID) -> ConntrackFlow {
        let client = IPAddress(v4: 0x0a00_0009)
        return ConntrackFlow(
            transport: server.transport,
            original: .init(
                source: client, sourcePort: 1234, destination: server.address, destinationPort: server.port),
            reply: .init(
                source: endpoint.address, sourcePort: endpoint.port, destination: client, destinationPort: 1234))
    }

    /// A DNS Service with two endpoints that serve, one with none, one that speaks TCP, and a contested one.
    private var desired: DesiredState<Int> {
        var desired = DesiredState<Int>()
        var touched = TouchedObjects()
        var tcp = contribution([server("10.96.0.13", port: 80, .tcp)], serving: ["10.244.0.1"])
        tcp.servingEndpoints = [endpoint("10.244.0.1")]
        for (owner, contribution) in [
            contribution(
                [server("10.96.0.10"), server("192.168.0.1", port: 30053)], serving: ["10.244.0.1", "10.244.0.2"]),
            contribution([server("10.96.0.11")], serving: []),
            tcp,
            contribution([server("10.96.0.12")], serving: ["10.244.0.3"]),
            contribution([server("10.96.0.12")], serving: ["10.244.0.4"]),
        ].enumerated() {
            desired.replaceContribution(of: owner, with: contribution, touched: &touched)
        }
        return desired
    }

    @Test(
        arguments: [
            ("10.96.0.10", 53, TransportProtocol.udp, "10.244.0.1", false),
            ("10.96.0.10", 53, .udp, "10.244.0.2", false),
            // Gone, and never translated.
            ("10.96.0.10", 53, .udp, "10.244.0.3", true), ("10.96.0.10", 53, .udp, "10.96.0.10", true),
            // The node port.
            ("192.168.0.1", 30053, .udp, "10.244.0.2", false), ("192.168.0.1", 30053, .udp, "10.244.0.9", true),
            // Nobody serves it, so it is left alone.
            ("10.96.0.11", 53, .udp, "10.244.0.3", false),
            // Others' flows: another port, another address, another protocol.
            ("10.96.0.10", 54, .udp, "10.244.0.3", false), ("8.8.8.8", 30053, .udp, "8.8.8.8", false),
            ("10.96.0.13", 80, .tcp, "10.244.0.9", false), ("10.96.0.10", 53, .tcp, "10.244.0.9", false),
            // Two Services want it: only an endpoint of the one that has it will do.
            ("10.96.0.12", 53, .udp, "10.244.0.3", false), ("10.96.0.12", 53, .udp, "10.244.0.4", true),
            ("10.96.0.12", 53, .udp, "10.244.0.1", true),
        ] as [(String, UInt16, TransportProtocol, String, Bool)])
    func `a flow is stale when somebody serves it and somebody else answers`(
        address: String, port: UInt16, transport: TransportProtocol, answerer: String, isStale: Bool
    ) {
        let flow = flow(to: server(address, port: port, transport), answeredBy: endpoint(answerer))
        #expect(desired.isStale(flow) == isStale)
    }

    @Test func `the same endpoint at another port is another one`() {
        var other = endpoint("10.244.0.1")
        other.port = 5354
        #expect(desired.isStale(flow(to: server("10.96.0.10"), answeredBy: other)))
    }

    @Test(
        arguments: [
            // What served, what serves, whether flows are to be looked at.
            (["10.244.0.1", "10.244.0.2"], ["10.244.0.2"], true),
            (["10.244.0.1"], ["10.244.0.2"], true),
            (["10.244.0.1"], ["10.244.0.1", "10.244.0.2"], false),
            (["10.244.0.1"], [], false),
            ([], ["10.244.0.1"], true),
            (nil, ["10.244.0.1"], true),
            (["10.244.0.1"], nil, false),
        ] as [([String]?, [String]?, Bool)])
    func `flows are looked at when an endpoint left, or the first one came`(
        before: [String]?, after: [String]?, looks: Bool
    ) {
        var desired = DesiredState<Int>()
        var touched = TouchedObjects()
        let servers = [server("10.96.0.10")]
        let contributions = [before, after].map { endpoints in
            endpoints.map { contribution(servers, serving: $0) } ?? Contribution()
        }
        desired.replaceContribution(of: 1, with: contributions[0], touched: &touched)
        touched = TouchedObjects()
        desired.replaceContribution(of: 1, with: contributions[1], touched: &touched)
        #expect(touched.flowServers == (looks ? Set(servers) : []))
    }

    @Test func `flows are looked at when a virtual IP comes, for clients may have tried it before`() {
        var desired = DesiredState<Int>()
        var touched = TouchedObjects()
        let (first, second) = (server("10.96.0.10"), server("203.0.113.1"))
        desired.replaceContribution(of: 1, with: contribution([first], serving: ["10.244.0.1"]), touched: &touched)
        touched = TouchedObjects()
        desired.replaceContribution(
            of: 1, with: contribution([first, second], serving: ["10.244.0.1"]), touched: &touched)
        #expect(touched.flowServers == [first, second])
        touched = TouchedObjects()
        desired.replaceContribution(of: 1, with: contribution([first], serving: ["10.244.0.1"]), touched: &touched)
        #expect(touched.flowServers == [])
    }
}
