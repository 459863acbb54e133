// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import IPVSListing
import KubernetesObjects
import NodeStatus
import ServicePlan
import Testing

/// Names of virtual and real servers, and their way over the daemon's socket.
struct ServerNamesTests {
    private static func id(_ address: String, _ port: UInt16, _ transport: TransportProtocol = .tcp) throws
        -> VirtualServer.ID
    {
        VirtualServer.ID(address: try #require(IPAddress(address)), port: port, transport: transport)
    }

    private static func real(_ address: String, _ port: UInt16) throws -> RealServer.ID {
        RealServer.ID(address: try #require(IPAddress(address)), port: port)
    }

    @Test func `questions and answers come out as they went in`() throws {
        let ids = [try Self.id("10.96.0.1", 80), try Self.id("fd00::1", 53, .udp), try Self.id("10.96.0.1", 9, .sctp)]
        #expect(ServerNamesText.asked(in: ServerNamesText.question(ids)) == ids)

        let names = [
            ServerNames(
                service: .init(namespace: "shop", name: "web", port: "http"),
                endpoints: [
                    try Self.real("10.244.1.11", 8080): .init(pod: "web-1", node: "worker-1", zone: "a"),
                    try Self.real("fd00::11", 8080): .init(drainAge: 42),
                ]),
            ServerNames(), ServerNames(service: .init(namespace: "default", name: "api", port: "")),
        ]
        #expect(ServerNamesText.names(in: ServerNamesText.answer(names)) == names)
    }

    @Test func `an answer that is cut off is none, wherever it is`() throws {
        let names = [
            ServerNames(
                service: .init(namespace: "shop", name: "web", port: "http"),
                endpoints: [try Self.real("10.244.1.11", 8080): .init(pod: "web-1")])
        ]
        let whole = ServerNamesText.answer(names)
        // Without its last line break it is whole.
        for length in 0..<whole.count - 1 { #expect(ServerNamesText.names(in: Array(whole.prefix(length))) == nil) }
        #expect(ServerNamesText.names(in: whole + Array("V\n".utf8)) == nil)
    }

    @Test(arguments: ["TCP\t10.0.0.1", "tcp\t10.0.0.1\t80", "TCP\there\t80", "TCP\t10.0.0.1\t65536", "x"])
    func `what is no question is told from one`(text: String) {
        #expect(ServerNamesText.asked(in: Array(text.utf8)) == nil)
    }

    @Test func `too many questions at a time are none`() throws {
        let id = try Self.id("10.96.0.1", 80)
        #expect(ServerNamesText.asked(in: ServerNamesText.question(Array(repeating: id, count: 257))) == nil)
    }

    @Test func `a name with a tabulator or a line break in it makes no field and no line of its own`() {
        let names = [ServerNames(service: .init(namespace: "a\tb", name: "c\nE", port: "\u{1b}[2J"))]
        let read = ServerNamesText.names(in: ServerNamesText.answer(names))
        #expect(read == [ServerNames(service: .init(namespace: "a b", name: "c\\nE", port: "\\u{1b}[2J"))])
    }

    @Test func `an answer with very many endpoints leaves the rest to another question`() throws {
        var endpoints: [RealServer.ID: ServerNames.Endpoint] = [:]
        for number in 0..<30_000 {
            let address = IPAddress(v4: 0x0af4_0000 + UInt32(number))
            endpoints[RealServer.ID(address: address, port: 1)] = .init(pod: "a-pod-with-a-long-name-\(number)")
        }
        let large = ServerNames(service: .init(namespace: "a", name: "b", port: ""), endpoints: endpoints)
        let read = ServerNamesText.names(in: ServerNamesText.answer([large, ServerNames(), ServerNames()]))
        #expect(read == [large])
    }

    @Test func `a Service port's endpoints are named by its slices, and those that drain by their age`() throws {
        let service = ObjectName(namespace: "shop", name: "web")
        var slice = EndpointSlice(
            name: ObjectName(namespace: "shop", name: "web-1"), serviceName: "web",
            ports: [EndpointPort(name: "http", port: 8080), EndpointPort(name: "admin", port: 9090)],
            endpoints: [
                Endpoint(address: try #require(IPAddress("10.244.1.11")), nodeName: "worker-1"),
                Endpoint(address: try #require(IPAddress("10.244.1.12")), isReady: false),
            ])
        slice.names = EndpointNames([.init(pod: "web-x", zone: "a"), .init(pod: "web-y")])
        var table = ServiceTable(facts: NodeFacts(name: "here"))
        table.apply(.slice(slice))
        let owner = ServicePortID(service: service, port: "http", transport: .tcp)
        let names = table.names(of: owner, in: .v4, draining: [try Self.real("10.244.1.13", 8080): 7])
        #expect(
            names
                == ServerNames(
                    service: .init(namespace: "shop", name: "web", port: "http"),
                    endpoints: [
                        try Self.real("10.244.1.11", 8080): .init(pod: "web-x", node: "worker-1", zone: "a"),
                        try Self.real("10.244.1.12", 8080): .init(pod: "web-y"),
                        try Self.real("10.244.1.13", 8080): .init(drainAge: 7),
                    ]))
        #expect(table.names(of: owner, in: .v6).endpoints == [:])
        #expect(table.names(of: nil, in: .v4) == ServerNames())
    }
}
