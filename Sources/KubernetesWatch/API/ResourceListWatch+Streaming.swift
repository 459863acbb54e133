// SPDX-License-Identifier: GPL-2.0-or-later
extension ResourceListWatch {
    /// Every object: as a streaming list where the options want that and the server offers it, and else in pages.
    public func begin(
        _ freshness: ListFreshness,
        for duration: Duration
    ) async throws(APIError) -> InitialState<ObservedObject<Object>, Events.AsyncIterator> {
        var attempt = newAttempt
        let isPossible = options.listing == .streams && attempt.features.contains(.bookmarks)
        if isPossible, abilities.takesStreams(at: resource.path) {
            while attempt.features.contains(.streamingLists) {
                let request = resource.streamRequest(freshness, for: duration, attempt.features, options)
                guard let response = try await askOnce(&attempt, request) else { continue }
                if let state = try await readStream(response, &attempt) { return state }
            }
        }
        return InitialState(list: try await pages(freshness, &attempt))
    }

    /// - Returns: `nil` when the server turns out not to know streaming lists.
    private func readStream(
        _ response: APIResponse<Transport.Body>,
        _ attempt: inout Attempt
    ) async throws(APIError) -> InitialState<ObservedObject<Object>, Events.AsyncIterator>? {
        var events = try events(of: response).makeAsyncIterator()
        do throws(APIError) {
            guard let list = try await readInitialEvents(&events) else {
                attempt.features.remove(.streamingLists)
                let error = APIError.malformed("a bookmark before the end of the initial events")
                attempt.refusals.append(FeatureRefusal(features: [.streamingLists], isNamed: true, error: error))
                return nil
            }
            abilities.noteWholeStream()
            return InitialState(list: list, following: events)
        } catch {
            abilities.noteBrokenStream(at: resource.path)
            throw error
        }
    }

    /// - Returns: `nil` when a bookmark comes that is not the end of the initial events. An API server that knows of them sends
    ///   none before (`cache_watcher.go` of k8s.io/apiserver).
    private func readInitialEvents(
        _ events: inout Events.AsyncIterator
    ) async throws(APIError) -> ResourceList<ObservedObject<Object>>? {
        var objects: [ObservedObject<Object>] = []
        let timeLimit = timeLimit(options.listLimit)
        while let event = try await events.next(isolation: #isolation) {
            switch event.change {
            case .applied(let object):
                objects.append(object)
            case .deleted(let object):
                // It went while the list was on its way. What comes later stands for what came before.
                objects.append(object.name == nil ? object : ObservedObject(name: object.name, object: nil))
            case .bookmark:
                guard events.hasReadInitialEvents else { return nil }
                guard let version = event.version else { throw .malformed("a bookmark without a resourceVersion") }
                return ResourceList(objects: objects, version: version)
            }
            guard objects.count <= options.mostObjects else {
                throw .malformed("a list of more than \(options.mostObjects) objects")
            }
            guard !timeLimit.isOver else {
                throw .transport(TransportFailure(.other, "the list was not whole after \(timeLimit.limit)"))
            }
        }
        throw .transport(TransportFailure(.connectionLost, "the watch ended before all objects had come"))
    }
}
