// SPDX-License-Identifier: GPL-2.0-or-later
import Synchronization

/// A text that is costly to make and asked for by whoever reaches the port: it is made by one at a time, and ten times
/// in a second at most. Between them the last one serves.
final class RenderedText: Sendable {
    private struct Made {
        var text: String?
        /// When it was made, this time and the times before.
        var times: [ContinuousClock.Instant] = []
    }

    private let rendering = Mutex(())
    private let made = Mutex(Made())
    private static let perSecond = 10

    func text(at now: ContinuousClock.Instant = .now, _ render: () -> String) -> String {
        let recent = made.withLock { made -> String? in
            made.times.removeAll { $0.duration(to: now) >= .seconds(1) }
            return made.times.count >= Self.perSecond ? made.text : nil
        }
        if let recent { return recent }
        let new = rendering.withLockIfAvailable { _ in
            let text = render()
            made.withLock { made in
                made.text = text
                made.times.append(now)
            }
            return text
        }
        // While somebody else makes it, who has no older one makes it for themselves.
        return new ?? made.withLock { $0.text } ?? render()
    }
}
