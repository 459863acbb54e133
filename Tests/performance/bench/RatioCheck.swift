// SPDX-License-Identifier: GPL-2.0-or-later
/// What one scenario may cost in proportion to another one of the same run, on whatever machine that was.
struct RatioCheck {
    private enum Measure {
        case wall
        case messages

        func value(of cost: Cost) -> Double {
            switch self {
            case .wall: cost.wall
            case .messages: cost.messages
            }
        }
    }

    private var scenario: String
    private var reference: String
    private var measure: Measure
    private var limit: Double
    /// Whether the reference is the same scenario at the smallest scale, rather than one at the same scale.
    private var comparesScales = false

    /// The limits are well above what a quiet machine shows: they are there for what grows with the cluster, and for what
    /// becomes several times as dear.
    static let all = [
        RatioCheck("endpoint added: median", to: "endpoint added: median", .wall, 3, comparesScales: true),
        RatioCheck("endpoint added", to: "endpoint added", .messages, 1.01, comparesScales: true),
        RatioCheck("load again: servers", to: "raw load", .wall, 3),
        RatioCheck("verify", to: "raw dump", .wall, 4),
    ]

    private init(
        _ scenario: String,
        to reference: String,
        _ measure: Measure,
        _ limit: Double,
        comparesScales: Bool = false
    ) {
        self.scenario = scenario
        self.reference = reference
        self.measure = measure
        self.limit = limit
        self.comparesScales = comparesScales
    }

    struct Result {
        var line: String
        var isWithin: Bool
    }

    /// Of the largest scale, in the repetition where the ratio is the least: what grows with the cluster does so in each of
    /// them, while a machine that is now slow and now fast spoils some. A scenario that was not measured fails.
    ///
    /// - Parameter records: of all repetitions, in the order of their measurement.
    func result(in records: [Record]) -> Result {
        let name = "\(scenario) / \(reference)\(comparesScales ? " at the smallest scale" : "")"
        let scales = records.filter { $0.scenario == scenario }.map(\.services)
        guard let smallest = scales.min(), let largest = scales.max() else {
            return Result(line: "FAILED  \(name): not measured", isWithin: false)
        }
        let ratios = zip(
            costs(of: scenario, at: largest, in: records),
            costs(of: reference, at: comparesScales ? smallest : largest, in: records)
        ).map(/)
        guard let least = ratios.min() else {
            return Result(line: "FAILED  \(name): nothing to compare with", isWithin: false)
        }
        let isWithin = least <= limit
        let shown = ratios.map { "\(($0 * 100).rounded() / 100)" }.joined(separator: ", ")
        return Result(
            line: "\(isWithin ? "ok    " : "FAILED")  \(name): \(shown); the least may be \(limit)", isWithin: isWithin)
    }

    private func costs(of scenario: String, at services: Int, in records: [Record]) -> [Double] {
        records.filter { $0.scenario == scenario && $0.services == services }.map { measure.value(of: $0.cost) }
    }
}

/// What must be none, at any scale.
struct ForkCheck {
    static func failures(in records: [Record]) -> [String] {
        ["verify", "endpoint added", "Service added", "Service deleted"].flatMap { scenario in
            records.filter { $0.scenario == scenario && $0.cost.forks > 0 }
                .map { "FAILED  \(scenario) at \($0.services) Services forks: \($0.cost.forks)" }
        }
    }
}
