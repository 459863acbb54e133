// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesHTTP
import KubernetesObjects
import Reconcile
import Testing

@testable import ProxyTelemetry

struct ProgrammingLatencyTests {
    private static let name = ObjectName(namespace: "shop", name: "web")

    private static func time(_ seconds: Int64) -> UnixTime { UnixTime(microseconds: seconds * 1_000_000) }

    private static func trigger(_ seconds: Int64, _ family: IPFamily = .v4) -> ChangeTrigger {
        ChangeTrigger(service: name, family: family, time: time(seconds))
    }

    private var latency = ProgrammingLatency(families: [.v4, .v6], start: Self.time(100))

    @Test mutating func `a trigger counts when a pass of its family has succeeded`() {
        latency.note(Self.trigger(101))
        latency.note(Self.trigger(103))
        latency.note(Self.trigger(104, .v6))
        latency.notePassStarted(.v4)
        #expect(latency.notePassEnded(.v4, succeeded: true, at: Self.time(110)) == [.seconds(9), .seconds(7)])
        #expect(latency.notePassEnded(.v4, succeeded: true, at: Self.time(120)) == [])
    }

    @Test mutating func `after a failed pass it counts with the next one`() {
        latency.note(Self.trigger(101))
        latency.notePassStarted(.v4)
        #expect(latency.notePassEnded(.v4, succeeded: false, at: Self.time(110)) == [])
        latency.note(Self.trigger(111))
        latency.notePassStarted(.v4)
        #expect(latency.notePassEnded(.v4, succeeded: true, at: Self.time(120)) == [.seconds(19), .seconds(9)])
    }

    @Test mutating func `one that comes during a pass is for the next one`() {
        latency.notePassStarted(.v4)
        latency.note(Self.trigger(101))
        #expect(latency.notePassEnded(.v4, succeeded: true, at: Self.time(110)) == [])
        latency.notePassStarted(.v4)
        #expect(latency.notePassEnded(.v4, succeeded: true, at: Self.time(111)) == [.seconds(10)])
    }

    @Test mutating func `one from before the start does not count`() {
        latency.note(Self.trigger(100))
        latency.notePassStarted(.v4)
        #expect(latency.notePassEnded(.v4, succeeded: true, at: Self.time(110)) == [])
    }

    @Test mutating func `a clock that is behind makes no negative time`() {
        latency.note(Self.trigger(200))
        latency.notePassStarted(.v4)
        #expect(latency.notePassEnded(.v4, succeeded: true, at: Self.time(110)) == [.zero])
    }

    @Test mutating func `a family that stays broken does not fill the memory`() {
        for second in 0..<30_000 as Range<Int64> {
            latency.note(Self.trigger(101 + second))
            latency.notePassStarted(.v4)
            _ = latency.notePassEnded(.v4, succeeded: false, at: Self.time(102 + second))
        }
        latency.notePassStarted(.v4)
        let times = latency.notePassEnded(.v4, succeeded: true, at: Self.time(50_000))
        #expect(times.count == ProgrammingLatency.limit)
    }

    @Test func `a trigger is dated by RFC 3339`() {
        let slice = EndpointSlice(name: ObjectName(namespace: "shop", name: "web-1"), serviceName: "web", family: .v6)
        let trigger = ChangeTrigger(slice, time: "2026-03-01T12:00:00.5Z")
        #expect(trigger?.service == Self.name)
        #expect(trigger?.family == .v6)
        #expect(trigger?.time == UnixTime(microseconds: 1_772_366_400_500_000))
        #expect(ChangeTrigger(slice, time: "yesterday") == nil)
    }
}

struct TrafficSelectionTests {
    fileprivate static func id(_ number: UInt32) -> VirtualServer.ID {
        VirtualServer.ID(address: IPAddress(v4: 0x0a60_0000 + number), port: 80, transport: .tcp)
    }

    private static func statistics(_ numbers: some Sequence<UInt32>) -> [VirtualServer.ID: TrafficStatistics] {
        Dictionary(uniqueKeysWithValues: numbers.map { (id($0), TrafficStatistics()) })
    }

    @Test func `who has counters keeps them, and who goes makes room`() {
        var selection = TrafficSelection(limit: 3)
        func select(_ numbers: some Sequence<UInt32>) -> ([VirtualServer.ID], Int) {
            let (samples, hidden) = selection.select(from: Self.statistics(numbers), .v4) { _ in "" }
            return (samples.map(\.id), hidden)
        }
        #expect(select(5...9) == ([5, 6, 7].map(Self.id), 2))
        #expect(select(1...9) == ([5, 6, 7].map(Self.id), 6))
        #expect(select([1, 2, 5, 7, 9]) == ([1, 5, 7].map(Self.id), 2))
        #expect(select([9]) == ([Self.id(9)], 0))
    }
}

struct DoneTests {
    private static func report(_ number: Int32) -> PassReport {
        var report = PassReport(family: .v4, mode: .verify)
        let error = DataplaneError(part: .ipvs, number: number, explanation: "no")
        report.standing = RefusedObjects(
            [.virtualServer(TrafficSelectionTests.id(1)): Refusal(kind: .virtualServer, attempt: "add", error: error)],
            at: .now
        )
        return report
    }

    @Test(
        arguments: [(22, true), (2, true), (95, true), (12, false), (1, false), (105, false), (13, false)]
            as [(Int32, Bool)])
    func `a refusal is the object's affair unless the number is about the node`(number: Int32, isOfObject: Bool) {
        #expect(Self.report(number).refusalsAreOfNode != isOfObject)
    }

    @Test func `error numbers have names, and a limited number of them`() {
        #expect(ErrorName.of(22) == "EINVAL")
        #expect(ErrorName.of(0) == "other")
        #expect(ErrorName.of(4352) == "other")
    }
}
