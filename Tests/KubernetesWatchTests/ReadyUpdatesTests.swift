// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import SystemTesting
import Testing

/// What has arrived together is handed on together.
@Suite(.timeLimit(.minutes(5))) struct ReadyUpdatesTests {
    private typealias Changes = ObjectStore<Service>.Changes

    private func line(_ type: String, _ name: String, version: Int) -> String {
        #"{"type":"\#(type)","object":{"kind":"Service","metadata":{"name":"\#(name)","namespace":"default","#
            + #""resourceVersion":"\#(version)"},"spec":{"clusterIP":"10.96.0.1","ports":[{"port":80}]}}}"# + "\n"
    }

    private let list = CannedTransport.Answer(#"{"metadata":{"resourceVersion":"1"},"items":[]}"#)

    @Test func `updates that arrived in one piece need no wait, and the next wait goes on after the last`() async {
        let bookmark = #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"3"}}}"# + "\n"
        let burst = line("ADDED", "a", version: 2) + bookmark + line("DELETED", "a", version: 4)
        let half = line("ADDED", "b", version: 5)
        let transport = CannedTransport(
            list, .init(pieces: [Array(burst.utf8) + Array(half.utf8.prefix(20)), Array(half.utf8.dropFirst(20))]))
        let reflector = Reflector(
            source: ResourceListWatch(.services, transport: transport), clock: FakeClock())
        var updates = reflector.makeAsyncIterator()
        #expect(updates.nextReady() == nil)
        #expect(await updates.next() == .replaced([]))
        #expect(updates.nextReady() == nil)
        guard case .applied? = await updates.next(), case .deleted? = updates.nextReady() else {
            Issue.record("the two messages of one piece do not come together")
            return
        }
        #expect(updates.nextReady() == nil)
        guard case .applied(let object)? = await updates.next() else {
            Issue.record("the message that was not whole does not come")
            return
        }
        #expect(object.name?.name == "b")
    }

    @Test func `a message that cannot be read is no less a failure where nobody waited for it`() async {
        let transport = CannedTransport(
            list, .init(line("ADDED", "a", version: 2) + "{no message}\n"), list, .init(pieces: []))
        let source = ResourceListWatch(.services, transport: transport)
        let mirror = Mirror<Service>()
        var updates = Reflector(source: source, clock: FakeClock(), observe: { mirror.observe($0) })
            .makeAsyncIterator()
        _ = await updates.next()
        _ = await updates.next()
        #expect(updates.nextReady() == nil)
        #expect(updates.nextReady() == nil)
        #expect(mirror.failures.isEmpty)
        // The history has a gap, so there is a new list.
        #expect(await updates.next() == .replaced([]))
        #expect(mirror.failures.map(\.label) == ["malformed"])
    }

    @Test func `changes that follow one another come to the same together`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            var store = ObjectStore<Service>()
            var together = Changes()
            var known: [ObjectName: Service] = [:]
            for step in 0..<Int.random(in: 1...12, using: &generator) {
                let object = service("s\(Int.random(in: 0..<4, using: &generator))", port: UInt16(80 + step))
                let observed = ObservedObject(name: object.name, object: object)
                together.append(
                    store.apply(Bool.random(using: &generator) ? .applied(observed) : .deleted(observed)))
            }
            // As the proxy takes them: what was applied in its order, and then what was removed.
            for observed in together.applied {
                if let object = observed.object { known[object.name] = object }
            }
            for name in together.removed { known[name] = nil }
            #expect(known == store.objects)
        }
    }
}
