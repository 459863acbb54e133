// SPDX-License-Identifier: GPL-2.0-or-later
/// A count of what has happened since the start.
public struct Counter: Metric {
    private let series: SeriesTable

    var family: MetricFamily { series.family }

    init(_ family: MetricFamily) {
        series = SeriesTable(family)
    }

    /// - Parameters:
    ///   - amount: 0 or more; 0 makes the series appear, so that its first increase is seen as one.
    ///   - labels: one value for each of the metric's labels, in their order.
    public func increment(by amount: Int = 1, _ labels: String...) {
        precondition(amount >= 0, "a counter does not go down")
        series.add(Double(amount), labels)
    }

    /// Takes over counts that somebody else keeps, such as the kernel, in place of all that were here.
    public func replaceAll(_ counts: [[String]: Double]) {
        series.replaceAll(counts)
    }

    /// - Returns: 0 also for a series that does not exist.
    public func value(_ labels: String...) -> Double {
        series.value(labels) ?? 0
    }

    func write(to text: inout ExpositionText) {
        series.write(to: &text)
    }
}
