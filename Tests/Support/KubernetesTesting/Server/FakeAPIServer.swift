// SPDX-License-Identifier: GPL-2.0-or-later
package import KubernetesObjects
import Synchronization

/// An API server for Services, EndpointSlices, Nodes and Events, without a network: requests go in and the steps of
/// responses come out. It pages, watches, expires and negotiates as the real one does, and fails when told to.
package final class FakeAPIServer: Sendable {
    /// How the server is set up; all of it may change while it runs.
    package struct Options: Hashable, Sendable {
        /// Whether it knows JSON alone.
        package var speaksOnlyJSON = false
        /// Kinds for which it refuses requests that would take protobuf, whatever else they would take; with which status code.
        package var protobufRefusals: [KubernetesObject.Kind: Int] = [:]
        /// Whether it passes over `sendInitialEvents` as over any word that it does not know, and refuses nothing.
        package var ignoresInitialEvents = false
        /// Whose refusals it has. More than one take turns, as behind a load balancer.
        package var releases = [ServerRelease.newest]
        /// What nobody is allowed to do, such as `list services`. It is what a review says; requests are answered all the same.
        package var denied: Set<String> = []
        /// The bearer token that it wants; `nil` for none.
        package var token: String?
        /// The longest piece of a body; `nil` for whole messages. 1 lets it trickle.
        package var pieceLength: Int?

        package init() {}
    }

    struct State {
        var model = ClusterModel()
        var options = Options()
        var listFaults: [KubernetesObject.Kind: [APIFault]] = [:]
        var watchFaults: [KubernetesObject.Kind: [APIFault]] = [:]
        var requests: [ServerRequest] = []
        var events: [DocumentNode] = []
        /// How often bookmarks were asked for, and how often all watches were ended.
        var bookmarks = 0
        var endings = 0
        var openWatches = 0
    }

    let state = Mutex(State())
    /// Raised with each change of the state.
    let changed = Signal()

    package init(options: Options = Options()) {
        state.withLock { $0.options = options }
    }

    func update<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        defer { changed.raise() }
        return state.withLock { body(&$0) }
    }
}

// MARK: - For tests

extension FakeAPIServer {
    package var options: Options {
        get { state.withLock { $0.options } }
        set { update { $0.options = newValue } }
    }

    /// Every request so far, in order.
    package var requests: [ServerRequest] { state.withLock { $0.requests } }
    /// The events that were written to it, as they are now.
    package var events: [DocumentNode] { state.withLock { $0.events } }
    package var openWatches: Int { state.withLock { $0.openWatches } }
    package var version: Int { state.withLock { $0.model.version } }
    /// How many faults have not hit yet.
    package var waitingFaults: Int {
        state.withLock { state in
            (state.listFaults.values.map(\.count) + state.watchFaults.values.map(\.count)).reduce(0, +)
        }
    }

    /// Creates or replaces an object.
    package func set(_ object: KubernetesObject) {
        set(object.id, object.document)
    }

    /// Creates or replaces an object by a document of its kind. Its name must be in it.
    package func set(_ id: KubernetesObject.ID, _ document: DocumentNode) {
        update { $0.model.set(id, document) }
    }

    package func delete(_ id: KubernetesObject.ID) {
        update { $0.model.delete(id) }
    }

    /// The documents of a kind as they are now, in the order of their names.
    package func documents(_ kind: KubernetesObject.Kind) -> [DocumentNode] {
        state.withLock { state in
            state.model.objects.filter { $0.key.kind == kind }.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    /// Forgets the history: no watch can begin, and no list go on, at a version of before.
    package func compact() {
        update { $0.model.compact() }
    }

    /// Sends a bookmark on each open watch.
    package func sendBookmarks() {
        update { $0.bookmarks += 1 }
    }

    /// Ends each open watch in good order, as their time running out does.
    package func endWatches() {
        update { $0.endings += 1 }
    }

    /// Lets a fault hit the lists or the watches of a kind. Faults of a kind hit one after the other.
    package func inject(_ fault: APIFault, _ kind: KubernetesObject.Kind) {
        update { state in
            if fault.hitsLists {
                state.listFaults[kind, default: []].append(fault)
            } else {
                state.watchFaults[kind, default: []].append(fault)
            }
        }
    }

    /// Takes the faults back that have not hit the lists and watches of a kind yet.
    package func withdrawFaults(_ kind: KubernetesObject.Kind) {
        update { state in
            state.listFaults[kind] = nil
            state.watchFaults[kind] = nil
        }
    }

    /// Returns when a condition holds, or when the task is cancelled. It is looked at after each change, so it must be one that
    /// lasts: several changes may come between two looks.
    package func wait(until condition: @Sendable (FakeAPIServer) -> Bool) async {
        while !Task.isCancelled {
            let generation = changed.generation
            if condition(self) { return }
            await changed.wait(past: generation)
        }
    }
}
