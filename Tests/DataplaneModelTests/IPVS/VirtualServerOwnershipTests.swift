// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Testing

struct VirtualServerOwnershipTests {
    private func server(_ address: String, _ port: UInt16, _ transport: TransportProtocol = .tcp) throws
        -> VirtualServer.ID
    {
        VirtualServer.ID(address: try #require(IPAddress(address)), port: port, transport: transport)
    }

    private func ownership(excluding networks: [String] = []) throws -> VirtualServerOwnership {
        var ownership = VirtualServerOwnership(excludedNetworks: networks.compactMap { IPPrefix($0) })
        ownership.boundAddresses = [try #require(IPAddress("10.96.0.1")), try #require(IPAddress("fd00:10:96::1"))]
        ownership.nodeAddresses = [try #require(IPAddress("192.168.0.1")), try #require(IPAddress("fd00:50::10"))]
        for (set, text) in [
            (ServiceSet.clusterIP, "10.96.0.2,tcp:443"), (.externalIP, "192.168.0.1,udp:53"),
            (.externalIPLocal, "203.0.113.1,tcp:80"), (.loadBalancer, "203.0.113.2,sctp:90"),
            (.nodePortTCP, "30080"), (.nodePortUDP, "30053"), (.nodePortSCTP, "192.168.0.1,sctp:30090"),
            (.ipvsIPs, "10.96.0.9"),
        ] {
            ownership.note(try #require(IPSetEntry(text, type: set.type)), of: set)
        }
        return ownership
    }

    @Test(
        arguments: [
            ("10.96.0.1", 9999, TransportProtocol.udp), ("fd00:10:96::1", 1, .tcp), ("10.96.0.9", 80, .tcp),
            ("10.96.0.2", 443, .tcp), ("192.168.0.1", 53, .udp), ("203.0.113.1", 80, .tcp), ("203.0.113.2", 90, .sctp),
            ("192.168.0.1", 30080, .tcp), ("fd00:50::10", 30080, .tcp), ("192.168.0.1", 30053, .udp),
            ("192.168.0.1", 30090, .sctp),
        ] as [(String, UInt16, TransportProtocol)])
    func `what the link and the sets tell of is ours`(
        address: String, port: UInt16, transport: TransportProtocol
    ) throws {
        #expect(try ownership().owns(server(address, port, transport)))
    }

    @Test(
        arguments: [
            // Nobody told of it.
            ("172.16.0.1", 80, TransportProtocol.tcp),
            // The same address, at another port or of another protocol.
            ("10.96.0.2", 80, .tcp), ("10.96.0.2", 443, .udp), ("192.168.0.1", 53, .tcp), ("192.168.0.1", 80, .tcp),
            ("192.168.0.1", 30080, .udp), ("192.168.0.1", 30080, .sctp), ("fd00:50::10", 30090, .sctp),
            // A node port at an address that is not the node's.
            ("172.16.0.1", 30080, .tcp),
        ] as [(String, UInt16, TransportProtocol)])
    func `everything else is somebody else's`(address: String, port: UInt16, transport: TransportProtocol) throws {
        #expect(try !ownership().owns(server(address, port, transport)))
    }

    @Test func `nothing in an excluded network is ours`() throws {
        let ownership = try ownership(excluding: ["10.96.0.0/24", "fd00:50::/64"])
        #expect(try !ownership.owns(server("10.96.0.1", 80)))
        #expect(try !ownership.owns(server("10.96.0.2", 443)))
        #expect(try !ownership.owns(server("fd00:50::10", 30080)))
        #expect(try ownership.owns(server("192.168.0.1", 30080)))
    }
}
