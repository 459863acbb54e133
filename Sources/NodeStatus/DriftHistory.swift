// SPDX-License-Identifier: GPL-2.0-or-later
import Reconcile

/// What other programs have changed in the last 24 hours, counted by the hour. Pure: the instants are arguments.
struct DriftHistory: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Hour {
        var start: Instant
        var counts: [ObjectKind: Int]
    }

    private var hours: [Hour] = []
    private var names: [(name: String, at: Instant)] = []

    private static var kept: Duration { .seconds(24 * 3600) }

    mutating func note(_ counts: [ObjectKind: Int], _ newNames: [String], at now: Instant) {
        guard !counts.isEmpty else { return }
        hours.removeAll { $0.start.duration(to: now) >= Self.kept }
        if let last = hours.last, last.start.duration(to: now) < .seconds(3600) {
            hours[hours.count - 1].counts.merge(counts, uniquingKeysWith: +)
        } else {
            hours.append(Hour(start: now, counts: counts))
        }
        names += newNames.map { ($0, now) }
        names.removeFirst(max(0, names.count - StatusReport.mostNamed))
    }

    func counts(at now: Instant) -> [DriftCount] {
        var sum: [ObjectKind: Int] = [:]
        for hour in hours where hour.start.duration(to: now) < Self.kept {
            sum.merge(hour.counts, uniquingKeysWith: +)
        }
        return ObjectKind.allCases.compactMap { kind in
            sum[kind].map { DriftCount(kind: kind.rawValue, count: $0) }
        }
    }

    /// The newest first.
    func repaired(at now: Instant) -> [RepairedObject] {
        names.reversed().filter { $0.at.duration(to: now) < Self.kept }
            .map { RepairedObject(name: $0.name, age: $0.at.duration(to: now).components.seconds) }
    }
}
