// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    /// What the kernel does with local routes, as far as the daemon relies on it.
    @Suite(.serialized)
    struct LocalRouteTests {
        private let addresses: KernelAddresses

        init() throws {
            addresses = try KernelAddresses()
            try addresses.removeLink()
            for family in IPFamily.allCases { try addresses.removeRoutes(of: family) }
            try addresses.createLink()
        }

        private func apply(_ changes: AddressChange...) throws {
            #expect(try addresses.apply(changes) == [])
        }

        /// Of table `local`, what `ip` shows of one destination.
        private func shown(_ address: IPAddress) async throws -> [String] {
            let lines = try await command(
                "ip", "-\(address.family.rawValue)", "route", "show", "table", "local", "exact",
                "\(address)/\(address.family.bitWidth)")
            return lines.split(separator: "\n").map { $0.trimmingWhitespace() }
        }

        /// Whether the kernel delivers to the address here.
        private func isLocal(_ address: IPAddress) async throws -> Bool {
            let route = try? await command("ip", "-\(address.family.rawValue)", "route", "get", "\(address)")
            return route?.hasPrefix("local ") == true
        }

        @Test(arguments: IPFamily.allCases)
        func `a route makes an address local without binding it, and has the daemon's protocol number`(
            family: IPFamily
        ) async throws {
            let vip = try address(family, 1, 1)
            #expect(try await !isLocal(vip))
            try apply(.addRoute(vip))
            #expect(try await isLocal(vip))
            #expect(try addresses.localRoutes(of: family) == [LocalRoute(vip)])
            #expect(try addresses.boundAddresses(of: family) == [])
            let line = try #require(try await shown(vip).first)
            #expect(line.hasPrefix("local \(vip) dev lo proto \(LocalRoute.protocolNumber) "))
            #expect(line.contains("metric \(LocalRoute.metric)"))

            // Both ways once more, which is no failure.
            try apply(.addRoute(vip), .addRoute(vip))
            #expect(try addresses.localRoutes(of: family) == [LocalRoute(vip)])
            try apply(.removeRoute(vip), .removeRoute(vip))
            #expect(try await !isLocal(vip))
            #expect(try addresses.localRoutes(of: family) == [])
        }

        @Test(arguments: IPFamily.allCases)
        func `an address and a route are there together, and whichever goes first leaves the other`(
            family: IPFamily
        ) async throws {
            // The last address of a link takes the routes of the link with it, in IPv4: so of one and of two.
            for vips in [[try address(family, 1, 1)], [try address(family, 1, 1), try address(family, 1, 2)]] {
                for vip in vips { try apply(.bind(vip)) }
                for vip in vips {
                    try apply(.addRoute(vip))
                    #expect(try await shown(vip).count == 2)
                    try apply(.unbind(vip))
                    #expect(try await isLocal(vip))
                }
                #expect(try addresses.localRoutes(of: family) == Set(vips.map { LocalRoute($0) }))
                for vip in vips {
                    try apply(.bind(vip))
                    #expect(try await shown(vip).count == 2)
                    try apply(.removeRoute(vip))
                    #expect(try await isLocal(vip))
                }
                #expect(try addresses.boundAddresses(of: family) == Set(vips))
                for vip in vips { try apply(.unbind(vip)) }
                for vip in vips { #expect(try await !isLocal(vip)) }
            }
        }

        @Test func `the last IPv4 address of a link takes the local routes of the link with it, and not those of lo`()
            async throws
        {
            let (first, second) = (try address(.v4, 1, 1), try address(.v4, 1, 2))
            try apply(.bind(first), .addRoute(first))
            try await command(
                "ip", "route", "add", "local", "\(second)/32", "dev", "kube-ipvs0", "table", "local", "proto", "4")
            try apply(.unbind(first))
            #expect(try await !isLocal(second))
            #expect(try await isLocal(first))
        }

        @Test func `routes of both families are written while the dummy link is missing`() async throws {
            try addresses.removeLink()
            for family in IPFamily.allCases {
                let vip = try address(family, 1, 1)
                try apply(.addRoute(vip))
                #expect(try await isLocal(vip))
            }
        }

        @Test(arguments: IPFamily.allCases)
        func `what has the destination and the metric of a route of ours is replaced by it, and other routes stay`(
            family: IPFamily
        ) async throws {
            let vip = try address(family, 1, 1)
            let route = ["ip", "-\(family.rawValue)", "route", "add"]
            let metric = ["metric", "\(LocalRoute.metric)"]
            try await command(route + ["blackhole", "\(vip)", "table", "local", "proto", "4"] + metric)
            try await command(
                route + ["local", "\(vip)", "dev", "lo", "table", "local", "proto", "4", "metric", "9999"])
            #expect(try addresses.localRoutes(of: family) == [])
            try apply(.addRoute(vip))
            #expect(try await isLocal(vip))
            #expect(try addresses.localRoutes(of: family) == [LocalRoute(vip)])
            #expect(try await shown(vip).count == 2)
            try apply(.removeRoute(vip))
            #expect(try await shown(vip).count == 1)
            try await command("ip", "-\(family.rawValue)", "route", "flush", "table", "local", "proto", "4")
        }

        @Test(arguments: IPFamily.allCases)
        func `routes that strangers give the daemon's number are read as strays, and removed by what was read`(
            family: IPFamily
        ) async throws {
            let vip = try address(family, 1, 1)
            let network = family == .v4 ? "10.7.0.0/16" : "fd07::/64"
            try await command("ip", "link", "set", "kube-ipvs0", "up")
            let lines = [
                "local \(vip) dev lo", "local \(vip) dev lo metric 5", "local \(vip) dev kube-ipvs0 metric 6",
                "blackhole \(vip) metric 7", "local \(network) dev lo metric 117",
                "\(vip) dev kube-ipvs0 metric 8", "local \(vip) dev lo mtu 1400 metric 117",
            ]
            for line in lines {
                let words = line.split(separator: " ").map(String.init)
                try await command(
                    ["ip", "-\(family.rawValue)", "route", "add"] + words + ["table", "local", "proto", "117"])
            }
            let strays = try addresses.localRoutes(of: family)
            #expect(strays.count == lines.count)
            #expect(strays.filter { !$0.isStray } == [])
            for stray in strays {
                try apply(.removeStrayRoute(stray))
                #expect(try !addresses.localRoutes(of: family).contains(stray), "\(stray)")
            }
            #expect(try addresses.localRoutes(of: family) == [])
        }

        @Test(arguments: IPFamily.allCases)
        func `only routes of the daemon's number are read, however many others there are`(family: IPFamily) throws {
            let bound = try (1...UInt16(500)).map { try address(family, 1, $0) }
            let routed = try (1...UInt16(500)).map { try address(family, 2, $0) }
            #expect(try addresses.apply(bound.map(AddressChange.bind)) == [])
            #expect(try addresses.apply(routed.map(AddressChange.addRoute)) == [])
            #expect(try addresses.localRoutes(of: family) == Set(routed.map { LocalRoute($0) }))
        }

        @Test(arguments: IPFamily.allCases)
        func `a listing in parts lapses when IPv6 routes change meanwhile, and leaves out no IPv4 route`(
            family: IPFamily
        ) throws {
            let vips = try (1...UInt16(5_000)).map { try address(family, 1, $0) }
            #expect(try addresses.apply(vips.map(AddressChange.addRoute)) == [])
            let stranger = try KernelAddresses()
            var found: Set<LocalRoute> = []
            var reading = KernelReading(of: family)
            var progress = ReadingProgress.more
            var removed: Set<LocalRoute> = []
            var next = vips[...]
            while progress == .more {
                progress = try addresses.listRoutes(&reading) { found.insert($0) }
                guard progress == .more, let vip = next.popFirst() else { continue }
                #expect(try stranger.apply([.removeRoute(vip)]) == [])
                removed.insert(LocalRoute(vip))
            }
            #expect(!removed.isEmpty)
            switch family {
            case .v4:
                #expect(progress == .complete)
                #expect(found.isSuperset(of: Set(vips.map { LocalRoute($0) }).subtracting(removed)))
            case .v6:
                #expect(progress == .lapsed)
            }
            #expect(try addresses.localRoutes(of: family).count == vips.count - removed.count)
        }

        @Test(arguments: ["0.0.0.0", "::"])
        func `nobody's address is refused by name, and its neighbours are written`(text: String) throws {
            let vip = try #require(IPAddress(text))
            let other = try address(vip.family, 1, 1)
            let refused = try addresses.apply([.addRoute(vip), .addRoute(other)])
            #expect(refused.map(\.change) == [.addRoute(vip)])
            #expect(refused.first?.error.part == .routes)
            #expect(try addresses.localRoutes(of: vip.family) == [LocalRoute(other)])
        }

        @Test(arguments: IPFamily.allCases)
        func
            `a route of ours that comes, goes or is replaced makes a notification, and other programs' routes make none`(
                family: IPFamily
            ) async throws
        {
            let monitor = try NodeAddressMonitor()
            let vip = try address(family, 1, 1)
            let route = ["ip", "-\(family.rawValue)", "route"]
            try await command(
                route + ["add", "local", "\(vip)", "dev", "lo", "table", "local", "proto", "4", "metric", "7"])
            try await command(route + ["add", "blackhole", "\(vip)", "table", "77", "proto", "117"])
            #expect(try monitor.waitForChange(timeout: .zero).isEmpty)
            try apply(.addRoute(vip))
            #expect(try monitor.waitForChange(timeout: .seconds(5)) == AddressEvents(routes: [vip: true]))
            try apply(.removeRoute(vip))
            #expect(try monitor.waitForChange(timeout: .seconds(5)) == AddressEvents(routes: [vip: false]))
            try apply(.addRoute(vip))
            _ = try monitor.waitForChange(timeout: .seconds(5))
            try await command(
                route + ["replace", "blackhole", "\(vip)", "table", "local", "proto", "4", "metric", "117"])
            #expect(try monitor.waitForChange(timeout: .seconds(5)).virtualIPsAreUnknown)
            try await command(route + ["flush", "table", "77"])
            try await command(route + ["flush", "table", "local", "proto", "4"])
        }
    }
}

extension Substring {
    fileprivate func trimmingWhitespace() -> String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
