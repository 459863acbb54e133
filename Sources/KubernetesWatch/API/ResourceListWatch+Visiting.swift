// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

extension ResourceListWatch {
    /// Hands over every object, page by page, and keeps none: for whoever looks for a few among many.
    ///
    /// Pages are of one version unless the server has forgotten it; then the rest comes from the newest one.
    ///
    /// - Parameter body: returns whether to go on.
    public func visit(
        _ body: (ObservedObject<Object>) -> Bool
    ) async throws(APIError) {
        var attempt = newAttempt
        var page = PageRequest(freshness: .latest, length: options.pageLength)
        let timeLimit = timeLimit(options.listLimit)
        var emptyPages = 0
        while true {
            var objects: [ObservedObject<Object>] = []
            let read = try await readPage(page, &attempt, into: &objects, within: timeLimit)
            for object in objects {
                guard body(object) else { return }
            }
            guard !read.continuation.isEmpty, read.continuation != page.continuation else { return }
            emptyPages = objects.isEmpty ? emptyPages + 1 : 0
            guard emptyPages < options.mostEmptyPages else { return }
            page.continuation = read.continuation
        }
    }
}
