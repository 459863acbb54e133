// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import Synchronization

/// Counts, and tells who waits.
final class Tries: Sendable {
    private let number = Mutex(0)
    private let changed = Signal()

    func count() {
        number.withLock { $0 += 1 }
        changed.raise()
    }

    func wait(for wanted: Int) async {
        while !Task.isCancelled {
            let generation = changed.generation
            if number.withLock({ $0 }) >= wanted { return }
            await changed.wait(past: generation)
        }
    }
}
