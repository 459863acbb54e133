// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

/// After any sequence of changes and faults the objects are the server's.
@Suite(.timeLimit(.minutes(5))) struct RandomHistoryTests {
    @Test(arguments: Listing.allCases, Array(zip(Speech.allCases, [1, 2] as [UInt64])))
    func `after 1000 faults the objects are the server's`(listing: Listing, speech: (Speech, UInt64)) async throws {
        try await survive(1000, speech.0, listing, seed: speech.1, pieceLength: nil)
    }

    @Test(arguments: Listing.allCases, Array(zip(Speech.allCases, [3, 4] as [UInt64])))
    func `after 100 faults of a connection that trickles the objects are the server's`(
        listing: Listing,
        speech: (Speech, UInt64)
    ) async throws {
        try await survive(100, speech.0, listing, seed: speech.1, pieceLength: 7)
    }

    private func survive(
        _ faults: Int,
        _ speech: Speech,
        _ listing: Listing,
        seed: UInt64,
        pieceLength: Int?
    ) async throws {
        var options = FakeAPIServer.Options()
        options.pieceLength = pieceLength
        let api = FakeAPIServer(options: options)
        var listWatch = ListWatchOptions(accept: speech.accept, pageLength: 5)
        listWatch.listing = listing
        let source = ResourceListWatch(.endpointSlices, transport: FakeTransport(api), options: listWatch)
        let history = RandomHistory(faults: faults, seed: seed)

        try await Mirror.follow(source, clock: FakeClock(), seed: seed) { mirror in
            await history.run(on: api)
            let last = slice("last", of: "web", endpoints: 1)
            api.set(.endpointSlice(last))
            await mirror.wait { $0.objects[last.name] == last }

            let expected = try RandomHistory.slices(api)
            #expect(mirror.objects == expected)
            // Some of the faults are no failures.
            #expect(mirror.failures.count > faults / 2)
        }
    }
}
