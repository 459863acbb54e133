// SPDX-License-Identifier: GPL-2.0-or-later
import Synchronization

/// A count of values by size, such as of durations in seconds.
public struct Histogram: Metric {
    private struct Series {
        /// Of each bucket alone; the text adds them up.
        var counts: [UInt64]
        var sum = 0.0

        init(bounds: [Double]) {
            counts = Array(repeating: 0, count: bounds.count + 1)
        }
    }

    /// A class, because a lock does not move.
    private final class Storage: Sendable {
        let series: Mutex<[[String]: Series]>

        init(_ series: sending [[String]: Series]) {
            self.series = Mutex(series)
        }
    }

    let family: MetricFamily
    private let storage: Storage

    init(_ family: MetricFamily, bounds: [Double]) {
        precondition(
            zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 } && bounds.allSatisfy(\.isFinite),
            "the bounds of \(family.name) do not ascend"
        )
        var family = family
        family.bounds = bounds
        self.family = family
        storage = Storage(family.labelNames.isEmpty ? [[]: Series(bounds: bounds)] : [:])
    }

    /// - Parameter labels: one value for each of the metric's labels, in their order.
    public func observe(_ value: Double, _ labels: String...) {
        count(value, labels)
    }

    /// In seconds.
    public func observe(_ duration: Duration, _ labels: String...) {
        count(duration / .seconds(1), labels)
    }

    private func count(_ value: Double, _ labels: [String]) {
        let key = family.checked(labels)
        let bucket = family.bounds.firstIndex { value <= $0 } ?? family.bounds.count
        storage.series.withLock { series in
            series[key, default: Series(bounds: family.bounds)].counts[bucket] += 1
            series[key]?.sum += value
        }
    }

    /// How many values there were.
    public func count(_ labels: String...) -> UInt64 {
        let key = family.checked(labels)
        return storage.series.withLock { $0[key]?.counts.reduce(0, +) ?? 0 }
    }

    /// All values added up.
    public func sum(_ labels: String...) -> Double {
        let key = family.checked(labels)
        return storage.series.withLock { $0[key]?.sum ?? 0 }
    }

    func write(to text: inout ExpositionText) {
        let series = storage.series.withLock { $0 }
        guard !series.isEmpty else { return }
        text.begin(family)
        for (labels, entry) in series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let pairs = Array(zip(family.labelNames, labels))
            var count: UInt64 = 0
            for (bound, bucket) in zip(family.bounds + [.infinity], entry.counts) {
                count += bucket
                text.sample("\(family.name)_bucket", pairs + [("le", ExpositionText.number(bound))], Double(count))
            }
            text.sample("\(family.name)_sum", pairs, entry.sum)
            text.sample("\(family.name)_count", pairs, Double(count))
        }
    }
}
