// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import SystemTesting
import Testing

extension KernelSuite {
    @Suite(.serialized)
    struct KernelRoutesTests {
        init() async throws {
            try KernelAddresses(linkName: "routed").removeLink()
            try await command("ip", "link", "add", "routed", "type", "dummy")
            try await command("ip", "addr", "add", "192.0.2.1/24", "dev", "routed")
            try await command("ip", "addr", "add", "2001:db8::1/64", "dev", "routed", "nodad")
            try await command("ip", "link", "set", "routed", "up")
        }

        private func addresses(_ texts: [String]) throws -> Set<IPAddress> {
            Set(try texts.map { try #require(IPAddress($0)) })
        }

        @Test func `next hops of default routes and of others are told apart, in both families and any table`()
            async throws
        {
            for route in [
                "default via 192.0.2.2", "default via 192.0.2.3 table 100", "198.51.100.0/24 via 192.0.2.4",
                "default via 2001:db8::2", "2001:db8:1::/48 via 2001:db8::4", "203.0.113.0/25 dev routed",
                "unreachable 203.0.113.128/25",
            ] {
                try await command(
                    ["ip", route.contains("2001") ? "-6" : "-4", "route", "add"]
                        + route.split(separator: " ").map(String.init))
            }
            let gateways = try KernelRoutes().gateways()
            #expect(gateways.ofDefaultRoutes == (try addresses(["192.0.2.2", "192.0.2.3", "2001:db8::2"])))
            #expect(gateways.ofOtherRoutes == (try addresses(["192.0.2.4", "2001:db8::4"])))
            try await command("ip", "link", "delete", "routed")
            #expect(try KernelRoutes().gateways() == RouteGateways())
        }

        @Test func `neighbours that have answered are found among those that are looked for`() async throws {
            for neighbour in [
                "192.0.2.7 nud reachable", "192.0.2.8 nud stale", "192.0.2.9 nud failed", "2001:db8::7 nud stale",
            ] {
                let words = neighbour.split(separator: " ").map(String.init)
                try await command(
                    ["ip", "neighbour", "replace", words[0], "lladdr", "02:00:00:00:00:07", "dev", "routed"]
                        + words[1...])
            }
            let wanted = try addresses(["192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.10", "2001:db8::7"])
            #expect(
                try KernelRoutes().neighbours(among: wanted)
                    == (try addresses(["192.0.2.7", "192.0.2.8", "2001:db8::7"])))
            #expect(try KernelRoutes().neighbours(among: addresses(["192.0.2.8"])) == addresses(["192.0.2.8"]))
            #expect(try KernelRoutes().neighbours(among: []) == [])
            try await command("ip", "link", "delete", "routed")
        }

        @Test func `each next hop of a route with several counts, and one of the other family`() async throws {
            try await command(
                "ip", "route", "add", "default", "nexthop", "via", "192.0.2.2", "nexthop", "via", "192.0.2.3")
            try await command("ip", "route", "add", "198.51.100.0/24", "via", "inet6", "2001:db8::9", "dev", "routed")
            let gateways = try KernelRoutes().gateways()
            #expect(gateways.ofDefaultRoutes == (try addresses(["192.0.2.2", "192.0.2.3"])))
            #expect(gateways.ofOtherRoutes == (try addresses(["2001:db8::9"])))
            try await command("ip", "link", "delete", "routed")
        }
    }
}
