// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

/// One object that is wrong harms no other.
@Suite(.timeLimit(.minutes(5))) struct BadObjectTests {
    private func follow(
        _ api: FakeAPIServer,
        _ speech: Speech,
        _ body: @escaping @Sendable (Mirror<Service>) async throws -> Void
    ) async throws {
        let source = ResourceListWatch(
            .services,
            transport: FakeTransport(api),
            options: ListWatchOptions(accept: speech.accept)
        )
        try await Mirror.follow(source, clock: FakeClock(), body)
    }

    /// A Service whose ports are no list.
    private var undecodable: DocumentNode {
        var document = KubernetesObject.service(service("bad")).document
        document["spec", "ports"] = .text("http")
        return document
    }

    @Test(arguments: Speech.allCases)
    func `an object that cannot be decoded is one rejection in a list, and the others are there`(
        speech: Speech
    ) async throws {
        let api = FakeAPIServer()
        api.set(.service(service("a")))
        api.set(.service("bad"), undecodable)
        api.set(.service(service("c")))
        try await follow(api, speech) { mirror in
            await mirror.wait { $0.hasSynced }
            #expect(mirror.objects.keys.map(\.name).sorted() == ["a", "c"])
            let rejections = mirror.changes.flatMap(\.rejections)
            #expect(rejections.map(\.object.name) == ["bad"])
            #expect(rejections.map(\.reason) == [.malformed])
            #expect(mirror.failures.isEmpty)
        }
    }

    @Test(arguments: Speech.allCases)
    func `an object that can no longer be decoded is gone, and back when it is mended`(speech: Speech) async throws {
        let api = FakeAPIServer()
        api.set(.service(service("bad")))
        let undecodable = undecodable
        try await follow(api, speech) { mirror in
            await api.wait { $0.openWatches == 1 }
            api.set(.service("bad"), undecodable)
            await mirror.wait { $0.objects.isEmpty }
            #expect(mirror.changes.last?.removed == [service("bad").name])
            // The same once more is no news.
            api.set(.service("bad"), undecodable)
            api.set(.service(service("bad")))
            await mirror.wait { $0.objects.count == 1 }
            #expect(mirror.changes.flatMap(\.rejections).count == 1)
            #expect(mirror.failures.isEmpty)
        }
        // The version of the object that could not be decoded was readable all the same.
        #expect(api.requests.count == 2)
    }

    @Test(arguments: Speech.allCases)
    func `what is wrong with a part of an object leaves the rest of it`(speech: Speech) async throws {
        let api = FakeAPIServer()
        var document = KubernetesObject.service(service("a")).document
        document["spec", "externalIPs"] = .texts(["192.0.2.1", "nonsense"])
        api.set(.service("a"), document)
        try await follow(api, speech) { mirror in
            await mirror.wait { $0.hasSynced }
            #expect(mirror.objects.values.first?.externalIPs == [IPAddress(v4: 0xc000_0201)])
            #expect(mirror.changes.flatMap(\.rejections).map(\.field) == ["spec.externalIPs[1]"])
        }
    }

    @Test(arguments: Speech.allCases)
    func `an object that no longer matches the selectors is gone`(speech: Speech) async throws {
        let api = FakeAPIServer()
        api.set(.service(service("a")))
        api.set(.service(service("b")))
        try await follow(api, speech) { mirror in
            await api.wait { $0.openWatches == 1 }
            var document = KubernetesObject.service(service("a")).document
            document["metadata", "labels", "service.kubernetes.io/service-proxy-name"] = .text("other")
            api.set(.service("a"), document)
            await mirror.wait { $0.objects.count == 1 }
            document = KubernetesObject.service(service("b")).document
            document["spec", "clusterIP"] = .text("None")
            api.set(.service("b"), document)
            await mirror.wait { $0.objects.isEmpty }
            #expect(mirror.changes.flatMap(\.rejections).isEmpty)
        }
    }

    @Test func `an object without a name is rejected, and the watch goes on`() async throws {
        let body = """
            {"type":"ADDED","object":{"metadata":{"resourceVersion":"5"},"spec":{}}}
            {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"6"}}}

            """
        let source = ResourceListWatch(.services, transport: CannedTransport(.init(body)))
        var events = try await source.watch(after: ResourceVersion(rawValue: "4"), for: .seconds(300))
            .makeAsyncIterator()
        let first = try await events.next(isolation: nil)
        guard case .applied(let observed)? = first?.change else {
            Issue.record("no object: \(String(describing: first))")
            return
        }
        #expect(observed.name == nil)
        #expect(observed.object == nil)
        #expect(observed.rejections.map(\.field) == ["metadata.name"])
        #expect(try await events.next(isolation: nil)?.version?.rawValue == "6")
    }
}
