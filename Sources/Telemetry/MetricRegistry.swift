// SPDX-License-Identifier: GPL-2.0-or-later
import Synchronization

/// The metrics of a process, and their text for Prometheus.
///
/// Any task may define, change and read metrics: each metric has a lock of its own, held for one change at a time.
public final class MetricRegistry: Sendable {
    private let metrics = Mutex<[String: any Metric]>([:])

    public init() {}

    /// A metric whose value only grows, but for a restart.
    ///
    /// - Parameters:
    ///   - name: not used by another metric of this registry; a trap otherwise.
    ///   - labels: the names of its labels. Without any, it is 0 from the start; with some, each combination of values
    ///     is there from its first use on, so the values must come from a bounded set.
    public func counter(_ name: String, _ help: String, labels: [String] = []) -> Counter {
        let counter = Counter(MetricFamily(name: name, help: help, kind: .counter, labelNames: labels))
        add(counter, named: name)
        return counter
    }

    /// A metric whose value may be anything. Parameters as for `counter`.
    public func gauge(_ name: String, _ help: String, labels: [String] = []) -> Gauge {
        let gauge = Gauge(MetricFamily(name: name, help: help, kind: .gauge, labelNames: labels))
        add(gauge, named: name)
        return gauge
    }

    /// A metric that counts values by size. Parameters as for `counter`.
    ///
    /// - Parameter bounds: the upper bounds of the buckets, ascending; a last one without bound comes by itself.
    public func histogram(
        _ name: String,
        _ help: String,
        labels: [String] = [],
        bounds: [Double]
    ) -> Histogram {
        let family = MetricFamily(name: name, help: help, kind: .histogram, labelNames: labels)
        let histogram = Histogram(family, bounds: bounds)
        add(histogram, named: name)
        return histogram
    }

    private func add(_ metric: some Metric, named name: String) {
        let isNew = metrics.withLock { $0.updateValue(metric, forKey: name) == nil }
        precondition(isNew, "two metrics are named \(name)")
    }

    /// Everything that is defined, by name; for comparing it with what was promised.
    public var families: [MetricFamily] {
        metrics.withLock { Array($0.values) }.map(\.family).sorted { $0.name < $1.name }
    }

    /// All values in the text format 0.0.4, metrics by name and series by label values.
    ///
    /// Each metric is one moment, all of them together are not.
    public var text: String {
        var text = ExpositionText()
        for metric in metrics.withLock({ Array($0.values) }).sorted(by: { $0.family.name < $1.family.name }) {
            metric.write(to: &text)
        }
        return text.text
    }
}

/// What the registry needs of its metrics.
protocol Metric: Sendable {
    var family: MetricFamily { get }

    func write(to text: inout ExpositionText)
}
