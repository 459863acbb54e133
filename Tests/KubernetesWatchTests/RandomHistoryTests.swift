import Addressing
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

/// After any sequence of changes and faults the objects are the server's.
@Suite struct RandomHistoryTests {
    private static let status = ServerStatus(code: 503, reason: "ServiceUnavailable", message: "not now")
    private static let faults: [APIFault] = [
        .listRefused(status), .listReset, .listFallsSilent, .listCutShort, .listExpiresBetweenPages,
        .watchRefused(status), .watchRefused(.expired("1")), .watchError(.expired("1")), .watchError(status),
        .watchEndsAtOnce, .watchReset, .watchHalfClosed, .watchFallsSilent, .watchResetWithinMessage, .watchCutShort,
        .malformedMessage, .duplicateMessage, .unknownMessageType,
    ]

    @Test(arguments: zip(Speech.allCases, [1, 2] as [UInt64]))
    func `after 1000 faults the objects are the server's`(speech: Speech, seed: UInt64) async throws {
        try await survive(1000, speech, seed: seed, pieceLength: nil)
    }

    @Test(arguments: zip(Speech.allCases, [3, 4] as [UInt64]))
    func `after 100 faults of a connection that trickles the objects are the server's`(
        speech: Speech,
        seed: UInt64
    ) async throws {
        try await survive(100, speech, seed: seed, pieceLength: 7)
    }

    private func survive(_ faults: Int, _ speech: Speech, seed: UInt64, pieceLength: Int?) async throws {
        var generator = SeededGenerator(seed: seed)
        let api = FakeAPIServer()
        var options = api.options
        options.pieceLength = pieceLength
        api.options = options
        let source = ResourceListWatch(
            .endpointSlices,
            transport: FakeTransport(api),
            options: ListWatchOptions(accept: speech.accept, pageLength: 5)
        )
        var operations: [Operation] = []
        for _ in 0..<faults {
            for _ in 0..<Int.random(in: 0...3, using: &generator) { operations.append(.random(using: &generator)) }
            operations.append(.fault(Self.faults.randomElement(using: &generator) ?? .watchReset))
        }
        let plan = operations

        try await Mirror.follow(source, clock: FakeClock(), seed: seed) { mirror in
            for operation in plan {
                operation.run(on: api)
                // Each fault is to hit before the next is made; those of lists need a list to hit.
                if case .fault(let fault) = operation {
                    if fault.hitsLists { api.inject(.watchError(.expired("1")), .endpointSlice) }
                    await api.wait { $0.waitingFaults == 0 }
                }
            }
            let marker = slice("marker", of: "marker", endpoints: 1)
            api.set(.endpointSlice(marker))
            await mirror.wait { $0.objects[marker.name] == marker }

            let expected = try api.documents(.endpointSlice).compactMap { document in
                var interner = StringInterner()
                return try EndpointSliceFields(document).checked(interner: &interner).object
            }
            #expect(mirror.objects.values.sorted { $0.name < $1.name } == expected.sorted { $0.name < $1.name })
            // Some of the faults are no failures.
            #expect(mirror.failures.count > faults / 2)
        }
    }

    private enum Operation: Sendable {
        case set(EndpointSlice)
        case delete(String)
        case compact
        case bookmark
        case endWatches
        case fault(APIFault)

        static func random(using generator: inout SeededGenerator) -> Operation {
            let name = "s\(Int.random(in: 0..<20, using: &generator))"
            switch Int.random(in: 0..<20, using: &generator) {
            case 0: return .compact
            case 1, 2: return .bookmark
            case 3: return .endWatches
            case 4..<9: return .delete(name)
            default:
                let count = Int.random(in: 0..<4, using: &generator)
                let first = UInt32.random(in: 0x0a00_0001..<0x0aff_0000, using: &generator)
                return .set(slice(name, of: "web", endpoints: count, firstAddress: first))
            }
        }

        func run(on api: FakeAPIServer) {
            switch self {
            case .set(let slice): api.set(.endpointSlice(slice))
            case .delete(let name): api.delete(.slice(name))
            case .compact: api.compact()
            case .bookmark: api.sendBookmarks()
            case .endWatches: api.endWatches()
            case .fault(let fault): api.inject(fault, .endpointSlice)
            }
        }
    }
}
