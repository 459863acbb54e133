// SPDX-License-Identifier: GPL-2.0-or-later
/// A number that is as it is now.
public struct Gauge: Metric {
    private let series: SeriesTable

    var family: MetricFamily { series.family }

    init(_ family: MetricFamily) {
        series = SeriesTable(family)
    }

    /// - Parameter labels: one value for each of the metric's labels, in their order.
    public func set(_ value: Double, _ labels: String...) {
        series.set(value, labels)
    }

    /// As the other `set`, for counts.
    public func set(_ value: Int, _ labels: String...) {
        series.set(Double(value), labels)
    }

    /// Takes over the values of all series, in place of all that were here.
    public func replaceAll(_ values: [[String]: Double]) {
        series.replaceAll(values)
    }

    /// - Returns: 0 also for a series that does not exist.
    public func value(_ labels: String...) -> Double {
        series.value(labels) ?? 0
    }

    func write(to text: inout ExpositionText) {
        series.write(to: &text)
    }
}
