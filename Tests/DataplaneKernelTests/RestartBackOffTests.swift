// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneKernel
import Testing

@Suite struct RestartBackOffTests {
    private static let start = ContinuousClock().now

    /// The delays after ends that follow one another, each after so long a life.
    private func delays(_ count: Int, living life: Duration) -> [Duration] {
        var backOff = RestartBackOff()
        var now = Self.start
        return (0..<count).map { _ in
            backOff.noteStart(at: now)
            now += life
            backOff.noteEnd(at: now)
            var delay = Duration.zero
            while !backOff.allowsStart(at: now + delay) { delay += .seconds(1) }
            now += delay
            return delay
        }
    }

    @Test func `a program that ends again and again is started ever more rarely, up to once a minute`() {
        #expect(delays(10, living: .zero) == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
    }

    @Test func `a program that lived long is started at once`() {
        #expect(delays(5, living: .seconds(60)) == Array(repeating: .zero, count: 5))
    }

    @Test func `before its first start it may be started`() {
        #expect(RestartBackOff().allowsStart(at: Self.start))
    }
}
