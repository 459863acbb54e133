// SPDX-License-Identifier: GPL-2.0-or-later
import Synchronization

/// The series of a metric that is one number each.
final class SeriesTable: Sendable {
    let family: MetricFamily
    private let values: Mutex<[[String]: Double]>

    init(_ family: MetricFamily) {
        self.family = family
        values = Mutex(family.labelNames.isEmpty ? [[]: 0] : [:])
    }

    func set(_ value: Double, _ labels: [String]) {
        let key = family.checked(labels)
        values.withLock { $0[key] = value }
    }

    func add(_ amount: Double, _ labels: [String]) {
        let key = family.checked(labels)
        values.withLock { $0[key, default: 0] += amount }
    }

    func replaceAll(_ new: [[String]: Double]) {
        for labels in new.keys {
            _ = family.checked(labels)
        }
        values.withLock { $0 = new }
    }

    func value(_ labels: [String]) -> Double? {
        let key = family.checked(labels)
        return values.withLock { $0[key] }
    }

    func write(to text: inout ExpositionText) {
        let values = values.withLock { $0 }
        guard !values.isEmpty else { return }
        text.begin(family)
        for (labels, value) in values.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            text.sample(family.name, Array(zip(family.labelNames, labels)), value)
        }
    }
}
