// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import DataplaneTesting
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    /// What strangers do to the dummy link's addresses, and what passes over the real link make of it.
    @Suite(.serialized)
    struct ForeignAddressTests {
        private let addresses: KernelAddresses
        private let dataplane: Dataplane
        private static let start = ContinuousClock().now

        init() async throws {
            addresses = try KernelAddresses()
            try addresses.removeLink()
            let fake = FakeDataplane()
            dataplane = Dataplane(ipvs: fake.ipvs, sets: fake.sets, addresses: addresses, rules: fake.rules)
        }

        private func reconciler(_ family: IPFamily, wanting texts: [String]) throws -> FamilyReconciler<Int> {
            var reconciler = FamilyReconciler<Int>(
                family: family, ruleConfiguration: RuleConfiguration(), gracefulTimeout: .seconds(900))
            var contribution = Contribution()
            contribution.addresses = try texts.map { try #require(IPAddress($0)) }
            reconciler.replaceContribution(of: 1, with: contribution)
            return reconciler
        }

        private func verify(_ reconciler: inout FamilyReconciler<Int>) async -> PassReport {
            await reconciler.pass(.verify, at: Self.start, on: dataplane)
        }

        /// What `ip` shows of a family, such as `10.96.0.10/32` or `10.0.0.1 peer 10.0.0.2/32`.
        private func shown(_ family: IPFamily) async throws -> [String] {
            try await command("ip", "-\(family.rawValue)", "-oneline", "addr", "show", "dev", "kube-ipvs0")
                .split(separator: "\n").map { line in
                    let words = line.split(whereSeparator: { $0 == " " || $0 == "\\" }).map(String.init)
                    return words.dropFirst(3).prefix { !["scope", "brd", "metric"].contains($0) }
                        .joined(separator: " ")
                }
                .sorted()
        }

        private func ip(_ line: String) async throws {
            try await command(["ip"] + line.split(separator: " ").map(String.init) + ["dev", "kube-ipvs0"])
        }

        private static let foreignV4 = [
            ["addr add 9.9.9.9/24"],
            ["addr add 9.9.9.9/24", "addr add 9.9.9.8/24", "addr add 9.9.9.9/32"],
            ["addr add 9.9.9.9 peer 9.9.9.1/32"],
            ["addr add 9.9.9.9 peer 10.96.0.10/32"],
            ["addr add 9.9.9.9 peer 9.8.0.1/24", "addr add 9.9.9.9 peer 9.7.0.1/24"],
            ["addr add 10.96.0.10/24", "addr add 10.96.0.11/24"],
            ["addr add 10.96.0.10/0"],
            ["addr add 10.96.0.10/32 scope link"],
            ["addr add 10.96.0.10/32 label kube-ipvs0:x"],
            ["addr add 10.96.0.10/32 broadcast 10.96.255.255"],
            ["addr add 10.96.0.10/32 valid_lft 300 preferred_lft 200"],
            ["addr add 9.9.9.9/32 scope host label kube-ipvs0:y metric 7"],
            ["addr add 10.96.0.10 peer 10.96.0.11/32"],
            ["addr add 255.255.255.255/32", "addr add 224.0.0.5/32", "addr add 240.0.0.1/4", "addr add 0.0.0.5/8"],
            ["link set up", "addr add 9.9.9.9/24", "addr add 10.96.0.10/16"],
        ]

        private static let foreignV6 = [
            ["addr add 2001:db8::9/64"],
            ["addr add fd00:10::a/64"],
            ["addr add fd00:10::a/128"],
            ["addr add fd00:10::a/64 nodad", "addr add fd00:10::b/96 preferred_lft 0"],
            ["addr add fd00:10::a/128 valid_lft 300 preferred_lft 0"],
            ["addr add 2001:db8::9 peer fd00:10::a/128"],
            ["addr add fd00:10::a peer 2001:db8::9/128"],
            ["addr add ::ffff:9.9.9.9/128", "addr add ::ffff:10.96.0.10/96"],
            ["addr add fd00:10::a/128 home noprefixroute"],
            ["link set up", "addr add 2001:db8::9/64", "addr add fd00:10::a/64"],
            ["link set up", "link set down"],
        ]

        @Test(arguments: foreignV4, [true, false])
        func `whatever IPv4 address a stranger binds, one pass leaves just ours, and the next writes nothing`(
            commands: [String], isBoundBefore: Bool
        ) async throws {
            try await expectMended(.v4, commands, ["10.96.0.10", "10.96.0.11"], isBoundBefore)
        }

        @Test(arguments: foreignV6, [true, false])
        func `whatever IPv6 address a stranger binds, one pass leaves just ours, and the next writes nothing`(
            commands: [String], isBoundBefore: Bool
        ) async throws {
            try await expectMended(.v6, commands, ["fd00:10::a", "fd00:10::b"], isBoundBefore)
        }

        private func expectMended(
            _ family: IPFamily, _ commands: [String], _ wanted: [String], _ isBoundBefore: Bool
        ) async throws {
            var reconciler = try reconciler(family, wanting: wanted)
            if isBoundBefore {
                #expect(await verify(&reconciler).isComplete)
            } else {
                try addresses.createLink()
            }
            for line in commands {
                // The address may be bound already.
                _ = try? await ip(line)
            }
            let report = await verify(&reconciler)
            #expect(report.isComplete)
            #expect(try await shown(family) == wanted.map { "\($0)/\(family.bitWidth)" })
            let next = await verify(&reconciler)
            #expect(next.isComplete)
            #expect(next.wroteNothing)
            #expect(next.drift.isEmpty)
        }

        @Test(arguments: [
            "127.0.0.5", "127.255.255.254", "169.254.20.10", "224.0.0.5", "240.0.0.1", "255.255.255.255", "0.0.0.5",
            "10.96.0.255", "fe80::5", "::5", "64:ff9b::1", "fec0::1", "2002:a00::1",
        ])
        func `a virtual IP of whatever range the kernel takes is bound by one pass, kept, and unbound`(text: String)
            async throws
        {
            let vip = try #require(IPAddress(text))
            var reconciler = try reconciler(vip.family, wanting: [text])
            let first = await verify(&reconciler)
            #expect(first.isComplete)
            #expect(first.applied[.address] == 1)
            #expect(try await shown(vip.family) == ["\(vip)/\(vip.family.bitWidth)"])
            let next = await verify(&reconciler)
            #expect(next.wroteNothing)
            #expect(next.drift.isEmpty)
            reconciler.replaceContribution(of: 1, with: Contribution())
            let last = await reconciler.pass(.changes, at: Self.start, on: dataplane)
            #expect(last.isComplete)
            #expect(try await shown(vip.family) == [])
        }

        @Test(arguments: ["0.0.0.0", "::", "::1", "ff02::9"])
        func
            `a virtual IP that the kernel does not take is refused by name, never counted as bound, and harms no other`(
                text: String
            ) async throws
        {
            let vip = try #require(IPAddress(text))
            let other = vip.family == .v4 ? "10.96.0.10" : "fd00:10::a"
            var reconciler = try reconciler(vip.family, wanting: [text, other])
            for _ in 0..<2 {
                let report = await verify(&reconciler)
                #expect(report.refusals.map(\.attempt) == ["bind \(text)"])
                #expect(
                    report.refusals.first?.error.explanation.hasPrefix("cannot bind \(text) to kube-ipvs0: ") == true)
                #expect(try await shown(vip.family) == ["\(other)/\(vip.family.bitWidth)"])
            }
            let report = await verify(&reconciler)
            #expect(report.applied[.address] == nil)
        }

        @Test func `word of a foreign address, and of a link that goes down, leads to a pass that mends it`()
            async throws
        {
            let monitor = try NodeAddressMonitor()
            _ = try monitor.interfaceAddresses()
            var reconciler = try reconciler(.v6, wanting: ["fd00:10::a", "fd00:10::b"])
            #expect(await verify(&reconciler).isComplete)
            func isSuspect() throws -> Bool {
                var events = AddressEvents()
                while true {
                    let more = try monitor.waitForChange(timeout: .milliseconds(200))
                    guard !more.isEmpty else { return reconciler.noteVirtualIPs(events) }
                    events.merge(more)
                }
            }
            // A link that has come, then nothing but what was written here.
            if try isSuspect() { _ = await reconciler.pass(.changes, at: Self.start, on: dataplane) }
            #expect(try !isSuspect())

            for line in ["addr add fd00:10::c/64", "addr del fd00:10::a/128"] {
                try await ip(line)
                #expect(try isSuspect(), "\(line)")
                let report = await reconciler.pass(.changes, at: Self.start, on: dataplane)
                #expect(report.drift == [.address: 1])
                #expect(try await shown(.v6) == ["fd00:10::a/128", "fd00:10::b/128"])
                #expect(try !isSuspect(), "\(line)")
            }
            // With the link the kernel takes all of its IPv6 addresses down.
            try await ip("link set up")
            try await ip("link set down")
            #expect(try await shown(.v6) == [])
            #expect(try isSuspect())
            #expect(await reconciler.pass(.changes, at: Self.start, on: dataplane).isComplete)
            #expect(try await shown(.v6) == ["fd00:10::a/128", "fd00:10::b/128"])
        }

        @Test(arguments: ["link set kube-ipvs0 name foreign0", "link set kube-ipvs0 netns foreign"])
        func `a link that a stranger renames or moves away is made again with all its addresses`(line: String)
            async throws
        {
            var reconciler = try reconciler(.v4, wanting: ["10.96.0.10", "127.0.0.5"])
            #expect(await verify(&reconciler).isComplete)
            try await command("ip", "netns", "add", "foreign")
            try await command(["ip"] + line.split(separator: " ").map(String.init))
            let report = await verify(&reconciler)
            #expect(report.isComplete)
            #expect(report.drift == [.link: 1, .address: 2])
            #expect(try await shown(.v4) == ["10.96.0.10/32", "127.0.0.5/32"])
            try await command("ip", "netns", "delete", "foreign")
            _ = try? await command("ip", "link", "delete", "foreign0")
        }

        @Test func `a link of another kind is refused by name, and once it is gone a dummy takes its place`()
            async throws
        {
            try await command("ip", "link", "add", "kube-ipvs0", "type", "bridge")
            var reconciler = try reconciler(.v4, wanting: ["10.96.0.10"])
            let report = await verify(&reconciler)
            #expect(report.failures.map(\.part) == [.addresses])
            #expect(report.failures.first?.explanation.contains("of kind bridge and not dummy") == true)
            #expect(report.applied[.address] == nil)
            try await command("ip", "link", "delete", "kube-ipvs0")
            #expect(await verify(&reconciler).isComplete)
            #expect(try await shown(.v4) == ["10.96.0.10/32"])
        }
    }
}
