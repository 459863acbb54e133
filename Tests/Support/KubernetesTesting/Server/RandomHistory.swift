// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
package import KubernetesObjects
import SystemTesting

/// Changes of EndpointSlices and faults of the server, in an order that a seed decides.
package struct RandomHistory: Sendable {
    package enum Step: Hashable, Sendable {
        case set(EndpointSlice)
        case delete(KubernetesObject.ID)
        case compact
        case bookmark
        case endWatches
        case fault(APIFault)
    }

    package let steps: [Step]

    private static let unavailable = ServerStatus(code: 503, reason: "ServiceUnavailable", message: "not now")

    /// Every kind of fault but the message that is too long, which costs its 16 MB each time.
    package static let allFaults: [APIFault] = [
        .listRefused(unavailable), .listReset, .listFallsSilent, .listCutShort, .listExpiresBetweenPages,
        .watchRefused(unavailable), .watchRefused(.expired("1")), .watchError(.expired("1")), .watchError(unavailable),
        .watchEndsAtOnce, .watchReset, .watchHalfClosed, .watchFallsSilent, .watchResetWithinMessage, .watchCutShort,
        .malformedMessage, .duplicateMessage, .unknownMessageType,
    ]

    /// - Parameter faults: How many; a few changes come between each two of them.
    package init(faults: Int, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var steps: [Step] = []
        for _ in 0..<faults {
            for _ in 0..<Int.random(in: 0...3, using: &generator) { steps.append(.random(using: &generator)) }
            steps.append(.fault(Self.allFaults.randomElement(using: &generator) ?? .watchReset))
        }
        self.steps = steps
    }

    /// Lets it all happen, each fault only after the one before has hit. Somebody has to follow the slices meanwhile.
    package func run(on api: FakeAPIServer) async {
        for step in steps {
            switch step {
            case .set(let slice): api.set(.endpointSlice(slice))
            case .delete(let id): api.delete(id)
            case .compact: api.compact()
            case .bookmark: api.sendBookmarks()
            case .endWatches: api.endWatches()
            case .fault(let fault):
                api.inject(fault, .endpointSlice)
                if fault.hitsLists { await forceList(api) }
                await api.wait { $0.waitingFaults == 0 }
            }
        }
    }

    /// Leaves nothing to go on from, until a list has been asked for. Telling an open watch would not do: its client may
    /// be gone without the server having heard of it.
    private func forceList(_ api: FakeAPIServer) async {
        while api.waitingFaults > 0, !Task.isCancelled {
            let asked = api.requests.count
            api.compact()
            api.endWatches()
            await api.wait { $0.waitingFaults == 0 || $0.requests.count > asked }
        }
    }

    /// The slices that the server has now, without what cannot be used of them.
    package static func slices(_ api: FakeAPIServer) throws -> [ObjectName: EndpointSlice] {
        var interner = StringInterner()
        var slices: [ObjectName: EndpointSlice] = [:]
        for document in api.documents(.endpointSlice) {
            let slice = try EndpointSliceFields(document).checked(interner: &interner).object
            if let slice { slices[slice.name] = slice }
        }
        return slices
    }
}

extension RandomHistory.Step {
    fileprivate static func random(using generator: inout SeededGenerator) -> Self {
        let name = ObjectName(namespace: "default", name: "web-\(Int.random(in: 0..<20, using: &generator))")
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: return .compact
        case 1, 2: return .bookmark
        case 3: return .endWatches
        case 4..<9: return .delete(KubernetesObject.ID(kind: .endpointSlice, name: name))
        default: return .set(.random(name, using: &generator))
        }
    }
}

extension EndpointSlice {
    fileprivate static func random(_ name: ObjectName, using generator: inout SeededGenerator) -> Self {
        var slice = EndpointSlice(name: name, serviceName: "web")
        slice.ports = [EndpointPort(name: "http", port: UInt16.random(in: 1...UInt16.max, using: &generator))]
        for _ in 0..<Int.random(in: 0..<4, using: &generator) {
            let number = UInt32.random(in: 0x0a00_0001...0x0aff_ffff, using: &generator)
            var endpoint = Endpoint(address: IPAddress(v4: number))
            endpoint.isReady = Bool.random(using: &generator)
            endpoint.isTerminating = Bool.random(using: &generator)
            endpoint.nodeName = "node-\(number % 5)"
            slice.endpoints.append(endpoint)
        }
        return slice
    }
}
