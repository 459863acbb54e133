// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

@Suite struct ObjectStoreTests {
    private func observed(_ service: Service, rejections: [Rejection] = []) -> ObservedObject<Service> {
        ObservedObject(name: service.name, object: service, rejections: rejections)
    }

    private func unusable(_ name: String) -> ObservedObject<Service> {
        let name = ObjectName(namespace: "default", name: name)
        let rejection = Rejection(kind: "Service", object: name, field: "", reason: .malformed, explanation: "no")
        return ObservedObject(name: name, object: nil, rejections: [rejection])
    }

    @Test func `after a new list only what is different is handed on`() {
        var store = ObjectStore<Service>()
        let all = (0..<100).map { service("s\($0)") }
        #expect(store.apply(.replaced(all.map { observed($0) })).applied.count == 100)

        var next = all.map { observed($0) }
        next[7] = observed(service("s7", port: 81))
        next.remove(at: 50)
        next.append(observed(service("new")))
        let changes = store.apply(.replaced(next))
        #expect(changes.applied.map(\.object) == [service("s7", port: 81), service("new")])
        #expect(changes.removed == [service("s50").name])
        #expect(store.objects.count == 100)
    }

    @Test func `an object whose rejections end is reported, whether it is mended or goes`() {
        var store = ObjectStore<Service>()
        let first = store.apply(.replaced([unusable("a"), unusable("b"), observed(service("c"))]))
        #expect(first.rejections.count == 2 && first.settled.isEmpty)
        #expect(store.apply(.applied(unusable("a"))).isEmpty)
        #expect(store.apply(.applied(observed(service("a")))).settled == [service("a").name])
        #expect(store.apply(.replaced([observed(service("a"))])).settled == [service("b").name])
        // Mended in a part that routing does not look at: the object is the same.
        let rejection = unusable("a").rejections
        #expect(store.apply(.applied(observed(service("a"), rejections: rejection))).rejections == rejection)
        let mended = store.apply(.applied(observed(service("a"))))
        #expect(mended.applied.isEmpty && mended.settled == [service("a").name])
    }

    @Test func `what came and went within one list is as it was at its end, in whichever order changes are taken`() {
        func tombstone(_ name: String) -> ObservedObject<Service> {
            ObservedObject(name: service(name).name, object: nil, rejections: [])
        }
        var store = ObjectStore<Service>()
        _ = store.apply(.replaced([observed(service("kept")), observed(service("gone"))]))
        let changes = store.apply(
            .replaced([
                observed(service("kept")), tombstone("kept"), observed(service("kept")),
                observed(service("gone", port: 81)), tombstone("gone"),
                observed(service("brief")), tombstone("brief"),
                tombstone("late"), observed(service("late")),
            ]))
        #expect(changes.removed == [service("brief").name, service("gone").name])
        #expect(changes.applied.compactMap(\.object) == [service("kept"), service("late")])
        #expect(Set(store.objects.keys) == [service("kept").name, service("late").name])
    }

    @Test func `an update that changes nothing is nothing`() {
        var store = ObjectStore<Service>()
        _ = store.apply(.applied(observed(service("a"))))
        var again = observed(service("a"))
        again.lastChangeTriggerTime = "2025-01-01T00:00:00Z"
        #expect(store.apply(.applied(again)).isEmpty)
        #expect(store.apply(.deleted(observed(service("b")))).isEmpty)
    }

    @Test func `nothing has synced before the first list`() {
        var store = ObjectStore<Service>()
        _ = store.apply(.applied(observed(service("a"))))
        #expect(!store.hasSynced)
        _ = store.apply(.replaced([]))
        #expect(store.hasSynced)
        #expect(store.objects.isEmpty)
    }

    @Test func `an object that cannot be used any more is removed, and rejected once`() {
        var store = ObjectStore<Service>()
        _ = store.apply(.applied(observed(service("a"))))
        let changes = store.apply(.applied(unusable("a")))
        #expect(changes.removed == [service("a").name])
        #expect(changes.rejections.count == 1)
        #expect(store.apply(.applied(unusable("a"))).isEmpty)
        #expect(store.apply(.replaced([unusable("a")])).isEmpty)
        var end = ObjectStore<Service>.Changes()
        end.settled = [service("a").name]
        #expect(store.apply(.deleted(unusable("a"))) == end)
        #expect(store.apply(.applied(unusable("a"))).rejections.count == 1)
    }

    @Test func `another fault of the same object is told of`() {
        var store = ObjectStore<Service>()
        var fault = unusable("a").rejections
        _ = store.apply(.applied(observed(service("a"), rejections: fault)))
        fault[0].explanation = "another"
        let changes = store.apply(.applied(observed(service("a"), rejections: fault)))
        #expect(changes.rejections == fault)
        #expect(changes.applied.isEmpty)
    }
}
