// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

@testable import KubernetesHTTP

/// The whole way from the server's objects over a connection to the daemon's, with everything on it that can go wrong.
@Suite(.timeLimit(.minutes(5))) struct RandomFaultsTests {
    @Test(
        arguments: [
            ("application/vnd.kubernetes.protobuf", nil, 1), ("application/json", nil, 2),
            ("application/vnd.kubernetes.protobuf", 50, 3),
        ] as [(String, Int?, UInt64)], ListWatchOptions.Listing.allCases)
    func `after 1000 faults over TLS the objects are the server's`(
        row: (contentType: String, pieceLength: Int?, seed: UInt64),
        listing: ListWatchOptions.Listing
    ) async throws {
        let (contentType, pieceLength, seed) = row
        var server = FakeAPIServer.Options()
        server.pieceLength = pieceLength
        let api = FakeAPIServer(options: server)
        let history = RandomHistory(faults: pieceLength == nil ? 1000 : 100, seed: seed)
        // Short, because each fault that is silence takes as long.
        var options = ListWatchOptions(
            accept: ContentEncoding.acceptHeader(contentType: contentType),
            pageLength: 5,
            listIdleLimit: .milliseconds(100),
            watchIdleLimit: .milliseconds(100)
        )
        options.listing = listing

        try await HTTPAPIServer.run(api, tls: .trusted) { [options] server in
            let source = ResourceListWatch(
                .endpointSlices,
                transport: HTTPTransport(.local(server.port)),
                options: options
            )
            let backoff = Backoff(initial: .milliseconds(1), maximum: .milliseconds(8))
            try await Mirror.follow(source, clock: ContinuousClock(), backoff: backoff, seed: seed) { mirror in
                await history.run(on: api)
                var last = EndpointSlice(name: ObjectName(namespace: "default", name: "last"), serviceName: "web")
                last.endpoints = [Endpoint(address: IPAddress(v4: 0x0a01_0203))]
                api.set(.endpointSlice(last))
                await mirror.wait { [last] in $0.objects[last.name] == last }

                let expected = try RandomHistory.slices(api)
                #expect(mirror.objects == expected)
                #expect(mirror.failures.count > history.steps.count / 10)
            }
        }
    }
}
