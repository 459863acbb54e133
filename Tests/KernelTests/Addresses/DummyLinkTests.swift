// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    @Suite(.serialized)
    struct DummyLinkTests {
        private let addresses: KernelAddresses

        init() throws {
            addresses = try KernelAddresses()
            try addresses.removeLink()
        }

        @Test func `the link is a dummy, down, and makes no link-local address`() async throws {
            #expect(try addresses.linkExists() == false)
            try addresses.createLink()
            #expect(try addresses.linkExists())

            let link = try await command("ip", "-details", "-oneline", "link", "show", "kube-ipvs0")
            #expect(link.contains(" dummy "))
            #expect(link.contains("addrgenmode none"))
            let flags = try #require(link.split(separator: "<").dropFirst().first?.split(separator: ">").first)
            #expect(flags.split(separator: ",").sorted() == ["BROADCAST", "NOARP"])

            // Even when somebody sets it up.
            try await command("ip", "link", "set", "kube-ipvs0", "up")
            #expect(try await command("ip", "-oneline", "-6", "addr", "show", "dev", "kube-ipvs0") == "")
        }

        @Test func `a second creation is refused, a link of another kind is not ours`() async throws {
            try addresses.createLink()
            let again = #expect(throws: DataplaneError.self) { try addresses.createLink() }
            #expect(again?.number == 17)
            #expect(again?.part == .addresses)

            try await command("ip", "link", "add", "kube-other", "type", "bridge")
            let other = try KernelAddresses(linkName: "kube-other")
            let refusal = #expect(throws: DataplaneError.self) { try other.linkExists() }
            #expect(refusal?.explanation.contains("of kind bridge and not dummy") == true)
            #expect(throws: DataplaneError.self) { try other.removeLink() }
            try await command("ip", "link", "delete", "kube-other")
        }

        @Test func `without the link there is nothing to change or to read`() throws {
            let change = AddressChange.bind(try address(.v4, 1, 1))
            let error = #expect(throws: DataplaneError.self) { try addresses.apply([change]) }
            #expect(error?.number == 19)
            #expect(throws: DataplaneError.self) { try addresses.boundAddresses(of: .v4) }
            #expect(try addresses.removeLink() == false)
        }

        @Test func `addresses are what ip shows, and ip's are read`() async throws {
            try addresses.createLink()
            let bound = try [address(.v4, 1, 1), address(.v6, 1, 1), address(.v4, 1, 2)]
            #expect(try addresses.apply(bound.map(AddressChange.bind)) == [])

            let shown = try await command("ip", "-oneline", "addr", "show", "dev", "kube-ipvs0")
                .split(separator: "\n").map { $0.split(whereSeparator: { $0 == " " || $0 == "\\" }).map(String.init) }
            #expect(
                shown.map { $0[2...3].joined(separator: " ") }.sorted() == [
                    "inet 10.1.0.1/32", "inet 10.1.0.2/32", "inet6 fd00:1::1/128",
                ])
            #expect(shown.allSatisfy { $0.joined(separator: " ").contains("scope global") })
            #expect(!shown.joined().contains("tentative"))

            try await command("ip", "addr", "add", "10.1.0.9/24", "dev", "kube-ipvs0")
            try await command("ip", "addr", "add", "127.0.0.9/32", "dev", "kube-ipvs0")
            try await command("ip", "addr", "add", "fe80::9/64", "dev", "kube-ipvs0")
            #expect(
                try addresses.boundAddresses(of: .v4)
                    == [address(.v4, 1, 1), address(.v4, 1, 2), address(.v4, 1, 9)])
            #expect(try addresses.boundAddresses(of: .v6) == [address(.v6, 1, 1)])
        }

        /// Those of IPv6 that the node may choose as a source.
        private func selectableAddresses() throws -> [IPAddress] {
            var found: [BoundAddress] = []
            var reading = KernelReading(of: IPFamily.v6)
            #expect(try addresses.listAddresses(&reading) { found.append($0) } == .complete)
            return found.filter(\.isSelectable).map(\.address)
        }

        @Test func `the node never chooses an IPv6 address of the link as a source, and one that it could is mended`()
            async throws
        {
            try addresses.createLink()
            let (ours, theirs) = (try address(.v6, 1, 1), try address(.v6, 1, 2))
            #expect(try addresses.apply([.bind(ours)]) == [])
            try await command("ip", "addr", "add", "\(theirs)/128", "dev", "kube-ipvs0", "nodad")
            #expect(try addresses.boundAddresses(of: .v6) == [ours, theirs])
            #expect(try selectableAddresses() == [theirs])

            #expect(try addresses.apply([.bind(theirs)]) == [])
            #expect(try addresses.boundAddresses(of: .v6) == [ours, theirs])
            #expect(try selectableAddresses() == [])
            let shown = try await command("ip", "-6", "addr", "show", "dev", "kube-ipvs0")
            #expect(shown.matches(of: #/deprecated\s+valid_lft forever preferred_lft 0sec/#).count == 2)
        }

        @Test func `what is already so is no refusal, and a refusal spares its neighbours`() async throws {
            try addresses.createLink()
            let first = try address(.v4, 1, 1)
            let second = try address(.v6, 1, 2)
            let changes: [AddressChange] = [
                .bind(first), .bind(first), .unbind(second), .bind(second), .bind(second), .unbind(first),
                .unbind(first),
                .bind(IPAddress(v4: 0xe000_0001)),
                .bind(try address(.v4, 1, 3)),
            ]
            let refused = try addresses.apply(changes)
            // The kernel takes a multicast address for IPv4, and none for IPv6.
            #expect(refused == [])
            #expect(try addresses.boundAddresses(of: .v6) == [second])

            let group = try #require(IPAddress("ff02::9"))
            let third = try address(.v6, 1, 4)
            let mixed = try addresses.apply([.bind(group), .bind(third)])
            #expect(mixed.map(\.change) == [.bind(group)])
            #expect(mixed.first?.error.explanation.hasPrefix("cannot bind ff02::9 to kube-ipvs0: ") == true)
            #expect(try addresses.boundAddresses(of: .v6) == [second, third])
        }

        @Test func `where IPv6 is disabled its addresses are refused one by one`() throws {
            try addresses.createLink()
            let sysctls = KernelSysctls()
            try sysctls.write("1", to: "net/ipv6/conf/kube-ipvs0/disable_ipv6")
            let wanted = try [address(.v6, 1, 1), address(.v4, 1, 1), address(.v6, 1, 2)]
            let refused = try addresses.apply(wanted.map(AddressChange.bind))
            #expect(refused.map(\.change.address) == [wanted[0], wanted[2]])
            #expect(refused.map(\.error.number) == [13, 13])
            #expect(try addresses.boundAddresses(of: .v4) == [wanted[1]])
            #expect(try addresses.boundAddresses(of: .v6) == [])
        }

        @Test(arguments: IPFamily.allCases)
        func `a listing goes on after other calls, and begins anew when addresses have changed`(family: IPFamily) throws
        {
            try addresses.createLink()
            let all = try (1...UInt16(3000)).map { try address(family, 1, $0) }
            #expect(try addresses.apply(all.map(AddressChange.bind)) == [])
            var listed: Set<IPAddress> = []
            func list(_ reading: inout KernelReading<IPFamily>) throws -> ReadingProgress {
                try addresses.listAddresses(&reading) { listed.insert($0.address) }
            }

            var reading = KernelReading(of: family)
            var progress = try list(&reading)
            #expect(progress == .more)
            var parts = 1
            while progress == .more {
                // It is not there, so nothing changes.
                #expect(try addresses.apply([.unbind(try address(family, 2, 1))]) == [])
                #expect(try addresses.linkExists())
                progress = try list(&reading)
                parts += 1
            }
            #expect(progress == .complete)
            #expect(try list(&reading) == .lapsed)
            #expect(listed == Set(all))
            #expect(parts > 1)

            reading = KernelReading(of: family)
            #expect(try list(&reading) == .more)
            #expect(try addresses.apply([.unbind(all[0])]) == [])
            progress = .more
            while progress == .more { progress = try list(&reading) }
            #expect(progress == .lapsed)

            // The other family's listing takes its place.
            reading = KernelReading(of: family)
            #expect(try list(&reading) == .more)
            var other = KernelReading(of: family == .v4 ? IPFamily.v6 : .v4)
            _ = try addresses.listAddresses(&other) { _ in }
            #expect(try list(&reading) == .lapsed)
            #expect(try addresses.boundAddresses(of: family) == Set(all.dropFirst()))
        }

        @Test func `five thousand addresses of each family are bound, read and unbound`() async throws {
            try addresses.createLink()
            for family in IPFamily.allCases {
                let all = try (1...UInt16(5000)).map { try address(family, 1, $0) }
                #expect(try addresses.apply(all.map(AddressChange.bind)) == [])
                #expect(try addresses.boundAddresses(of: family) == Set(all))
                let shown = try await command(
                    "ip", "-\(family.rawValue)", "-oneline", "addr", "show", "dev", "kube-ipvs0")
                #expect(shown.split(separator: "\n").count == all.count)

                #expect(try addresses.apply(all.dropLast().map(AddressChange.unbind)) == [])
                #expect(try addresses.boundAddresses(of: family) == Set(all.suffix(1)))
            }
        }
    }
}
