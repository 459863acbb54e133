// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Testing

struct ContributionChangeTests {
    private static func server(_ number: UInt32, _ endpoints: [UInt32], scheduler: Scheduler = .roundRobin)
        -> VirtualServer
    {
        VirtualServer(
            id: VirtualServer.ID(address: IPAddress(v4: number), port: 80, transport: .tcp),
            configuration: VirtualServer.Configuration(
                scheduler: scheduler, persistenceMask: VirtualServer.Configuration.singleClientMask(for: .v4)),
            realServers: endpoints.map { RealServer(id: RealServer.ID(address: IPAddress(v4: $0), port: 8080)) })
    }

    private static func contribution(
        _ servers: [VirtualServer], entries: [UInt16] = [], addresses: [UInt32] = []
    ) -> Contribution {
        var contribution = Contribution()
        contribution.virtualServers = servers
        contribution.setEntries = entries.map { SetMembership(.nodePortTCP, .port($0)) }
        contribution.addresses = addresses.map { IPAddress(v4: $0) }
        return contribution
    }

    @Test(arguments: [
        // One endpoint took the place of another one, at each of two virtual servers.
        (
            contribution([server(1, [10, 11]), server(2, [10, 11])]),
            contribution([server(1, [10, 12]), server(2, [10, 12])]), "virtual servers 2, real servers +1 -1"
        ),
        (Contribution(), contribution([server(1, [10, 11])]), "virtual servers 1 (+1), real servers +2"),
        (contribution([server(1, [10])]), Contribution(), "virtual servers 0 (-1), real servers -1"),
        (
            contribution([server(1, [10])]), contribution([server(2, [10]), server(3, [10])]),
            "virtual servers 2 (+2 -1)"
        ),
        (
            contribution([server(1, [10])]), contribution([server(1, [10], scheduler: .maglevHashing)]),
            "virtual servers 1, 1 of them changed"
        ),
        // An endpoint that one of them has no more.
        (
            contribution([server(1, [10]), server(2, [10])]), contribution([server(1, [10]), server(2, [])]),
            "virtual servers 2, 1 of them changed"
        ),
        (
            contribution([server(1, [])], entries: [1, 2], addresses: [5]),
            contribution([server(1, [])], entries: [2, 3, 4], addresses: []),
            "virtual servers 1, set entries +2 -1, addresses -1"
        ),
    ])
    func `a change of what a Service port wants is told in numbers`(
        before: Contribution, after: Contribution, words: String
    ) {
        #expect(ContributionChange(from: before, to: after).description == words)
    }
}
