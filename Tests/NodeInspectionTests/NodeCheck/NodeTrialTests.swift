// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import DataplaneTesting
import KubeProxyConfig
import Testing

@testable import NodeInspection

/// What `check` finds out by a first pass, over fakes of the kernel.
@Suite struct NodeTrialTests {
    private func findings(_ families: [IPFamily] = [.v4, .v6], _ break: (FakeDataplane) -> Void) async throws
        -> [String]
    {
        let fake = FakeDataplane()
        `break`(fake)
        let settings = try KubeProxyFlags.parse([]).load(file: nil, hostname: "here").settings
        return await NodeTrial.run(settings, families: families, over: fake.dataplane).map {
            "\($0.verdict) \($0.subject): \($0.words)"
        }
    }

    @Test func `everything works where everything works`() async throws {
        #expect(
            try await findings { _ in } == [
                "ok trial, IPv4: Services of TCP and UDP: works",
                "ok trial, IPv4: source ranges that shut the node out: works",
                "ok trial, IPv6: Services of TCP and UDP: works",
                "ok trial, IPv6: source ranges that shut the node out: works",
            ])
    }

    @Test func `a family whose iptables is broken fails, in its words, and the other is tried all the same`()
        async throws
    {
        let findings = try await findings { $0.rules.brokenFamilies = [.v6] }
        #expect(findings.count == 3)
        #expect(findings.prefix(2).allSatisfy { $0.hasPrefix("ok trial, IPv4: ") })
        #expect(findings[2].hasPrefix("failure trial, IPv6: Services of TCP and UDP: "))
    }

    @Test func `a virtual server that the kernel refuses fails`() async throws {
        let findings = try await findings([.v4]) { $0.ipvs.brokenAddresses = [IPAddress(v4: 0xc000_0201)] }
        #expect(findings.count == 1)
        #expect(findings[0].hasPrefix("failure trial, IPv4: Services of TCP and UDP: "))
    }
}
