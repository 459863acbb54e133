// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import InMemoryLogging
import Logging
import Testing

@testable import NodeDaemon

/// The first lines of a log are no errors where nothing is wrong.
struct OOMScoreTests {
    @Test(
        arguments: [
            // In every shipped Pod: the kubelet has set -997, and the capability is dropped.
            (-999, -997, false, .debug), (-999, -999, false, .debug), (-999, -1000, true, .debug),
            (-999, -1000, false, .debug), (500, 0, false, .debug), (0, -997, true, .debug),
            // Ended like any other process: said, but by the arrangement of somebody.
            (-999, 0, false, .info), (-999, 1000, false, .info), (-999, nil, false, .info),
            // It might be written, and is not.
            (-999, 0, true, .error), (-999, -997, true, .error), (-999, nil, true, .error),
        ] as [(Int, Int?, Bool, Logger.Level)])
    func `an oom_score_adj that stays is an error only where it makes a difference`(
        asked: Int, current: Int?, mayLower: Bool, level: Logger.Level
    ) {
        #expect(OOMScore.level(asked: asked, current: current, mayLower: mayLower) == level)
    }

    @Test func `an oom_score_adj that is as asked is not written and not told`() throws {
        let recorder = InMemoryLogHandler()
        let current = try String(contentsOfFile: "/proc/self/oom_score_adj", encoding: .utf8)
        let score = try #require(Int(current.trimmingCharacters(in: .whitespacesAndNewlines)))
        OOMScore.write(score, logger: Logger(label: "test", factory: { _ in recorder }))
        #expect(recorder.entries.isEmpty)
    }
}
