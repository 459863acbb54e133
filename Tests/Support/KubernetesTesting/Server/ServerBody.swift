// SPDX-License-Identifier: GPL-2.0-or-later
/// The steps of a body: known from the beginning, or those of a watch, which come as the objects change.
package struct ServerBody: Sendable {
    private var steps: [ServerStep]
    private let watch: WatchSession?

    init(_ steps: [ServerStep]) {
        self.steps = steps.reversed()
        watch = nil
    }

    init(_ watch: WatchSession) {
        steps = []
        self.watch = watch
    }

    /// The client is gone: whoever waits for the next step gets none.
    package func close() {
        watch?.close()
    }

    /// The next step; waits for one. `nil` when the task is cancelled.
    package mutating func next() async -> ServerStep? {
        if let watch { return await watch.next() }
        return steps.popLast() ?? .end
    }
}
