// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Foundation
import IPVSListing
import Testing

/// Listings with the names of Services and Pods, and which virtual servers they show.
struct NamedListingTests {
    private static let server = IPVSListingTests.server(.tcp, "10.96.0.10", 80, "rr", persistence: 10800) {
        real("10.244.1.11", 8080, active: 12, inactive: 3)
        real("10.244.1.12", 8080, weight: 0, active: 4)
        real("10.244.1.13", 8080)
    }

    private static var names: ServerNames {
        get throws {
            ServerNames(
                service: .init(namespace: "shop", name: "web", port: "http"),
                endpoints: [
                    .init(address: try #require(IPAddress("10.244.1.11")), port: 8080):
                        .init(pod: "web-7d4b9c6f5-x2k7p", node: "worker-1", zone: "zone-a"),
                    .init(address: try #require(IPAddress("10.244.1.12")), port: 8080): .init(drainAge: 42),
                ])
        }
    }

    @Test func `each virtual server has its Service, and each real server Pod, node, zone and how long it drains`()
        throws
    {
        let lines = NamedListing.title + NamedListing.lines(Self.server, try Self.names)
        #expect(
            lines == [
                "Prot LocalAddress:Port Scheduler Flags Service",
                "  -> RemoteAddress:Port           Weight ActiveConn InActConn  Pod",
                "TCP  10.96.0.10:80 rr persistent 10800 shop/web:http",
                "  -> 10.244.1.11:8080             1      12         3          web-7d4b9c6f5-x2k7p on worker-1 in zone-a",
                "  -> 10.244.1.12:8080             0      4          0          - drains for 42 s",
                "  -> 10.244.1.13:8080             1      0          0          -",
            ])
        #expect(NamedListing.lines(Self.server, ServerNames())[0] == "TCP  10.96.0.10:80 rr persistent 10800 -")
    }

    @Test func `as JSON the names stand beside addresses, and are null where nobody knows them`() throws {
        var json = SnapshotJSON()
        json.begin(.virtualServers)
        json.add(Self.server, names: try Self.names)
        json.add(Self.server)
        json.endList()
        json.end()
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(json.take())) as? [String: Any])
        let servers = try #require(document["virtualServers"] as? [[String: Any]])
        #expect(servers[0]["service"] as? [String: String] == ["namespace": "shop", "name": "web", "port": "http"])
        #expect(servers[1]["service"] is NSNull)
        let reals = try #require(servers[0]["realServers"] as? [[String: Any]])
        #expect(reals[0]["pod"] as? String == "web-7d4b9c6f5-x2k7p")
        #expect(reals[0]["node"] as? String == "worker-1" && reals[0]["zone"] as? String == "zone-a")
        #expect(reals[0]["drainAge"] is NSNull && reals[1]["drainAge"] as? Int == 42 && reals[1]["pod"] is NSNull)
    }

    @Test func `a filter admits what is so in all its parts`() throws {
        let identity = Self.server.identity
        let names = try Self.names
        func admits(_ change: (inout ServerFilter) -> Void) -> Bool {
            var filter = ServerFilter()
            change(&filter)
            return filter.admits(identity) && filter.admits(names)
        }
        #expect(admits { _ in })
        #expect(admits { $0.namespace = "shop" })
        #expect(!admits { $0.namespace = "web" })
        #expect(admits { $0.service = "web" })
        #expect(!admits { $0.service = "shop" })
        #expect(admits { $0.address = IPAddress("10.96.0.10") })
        #expect(!admits { $0.address = IPAddress("::1") })
        #expect(admits { $0.port = 80 })
        #expect(!admits { $0.port = 8080 })
        #expect(admits { $0.transport = .tcp })
        #expect(!admits { $0.transport = .udp })
        #expect(!admits { ($0.port, $0.transport) = (80, .udp) })

        var byName = ServerFilter()
        byName.namespace = "shop"
        #expect(byName.needsNames && !byName.admits(ServerNames()))
        var byPort = ServerFilter()
        byPort.port = 80
        #expect(!byPort.needsNames && !byPort.admits(.firewallMark(1, .v4)) && byPort.admits(ServerNames()))
    }

    @Test func `names go with the table alone, and filters with names or JSON`() {
        func conflict(_ change: (inout DumpRequest) -> Void) -> String? {
            var request = DumpRequest()
            change(&request)
            do throws(DumpConflict) {
                _ = try request.subject()
                return nil
            } catch {
                return error.description
            }
        }
        let id = VirtualServer.ID(address: IPAddress(v4: 1), port: 1, transport: .tcp)
        #expect(conflict { $0.services = true } == nil)
        #expect(conflict { ($0.services, $0.virtualServers) = (true, [.address(id)]) } == nil)
        #expect(conflict { ($0.services, $0.save) = (true, true) } == "--services does not go with --save")
        #expect(conflict { ($0.services, $0.rates) = (true, true) } == "--services does not go with --rate")
        #expect(conflict { ($0.services, $0.connections) = (true, true) } == "--services does not go with --connection")
        #expect(conflict { $0.filter.port = 1 } == "a filter goes only with --services or --output json")
        #expect(conflict { ($0.json, $0.filter.port) = (true, 1) } == nil)
        #expect(
            conflict { ($0.json, $0.filter.port, $0.timeouts) = (true, 1, true) }
                == "a filter does not go with --timeout")
    }
}
