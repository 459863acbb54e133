// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch
import Testing

@testable import KubernetesHTTP

/// Limits on Events: how often they are written, and how long their texts may be.
struct EventLimitTests {
    private let time = EventRecorderTests.Time()

    @Test func `a bucket fills up again, and no further than it was`() {
        var bucket = TokenBucket(capacity: 2, interval: .seconds(6))
        #expect([bucket.take(at: time.now), bucket.take(at: time.now)] == [.zero, .zero])
        #expect(bucket.take(at: time.now) == .seconds(6))
        time.advance(by: 12)
        #expect(bucket.take(at: time.now) == .zero)
        time.advance(by: 3600)
        #expect([bucket.take(at: time.now), bucket.take(at: time.now)] == [.zero, .zero])
        time.advance(by: -3600)
        #expect(bucket.take(at: time.now) == .seconds(6))
    }

    @Test func `what is too long for the API is cut between characters`() throws {
        let event = ClusterEvent(
            .warning,
            reason: String(repeating: "r", count: 300),
            action: "A",
            regarding: .node(named: "n"),
            note: String(repeating: "é", count: 1000)
        )
        let recorded = RecordedEvent(event, time: time.now, number: 1)
        let body = try #require(try JSONReader.read(recorded.body(EventReporter(hostName: "h")).text))
        #expect(body["note"]?.text == String(repeating: "é", count: 512))
        #expect(body["reason"]?.text?.utf8.count == 128)
    }
}
