// SPDX-License-Identifier: GPL-2.0-or-later
/// Upper bounds of histogram buckets.
extension [Double] {
    /// `count` bounds from `start` on, each `factor` times the one before.
    public static func exponential(from start: Double, factor: Double, count: Int) -> [Double] {
        var bounds: [Double] = []
        var bound = start
        for _ in 0..<count {
            bounds.append(bound)
            bound *= factor
        }
        return bounds
    }

    /// `count` bounds from `start` on, `step` apart.
    public static func linear(from start: Double, step: Double, count: Int) -> [Double] {
        (0..<count).map { start + step * Double($0) }
    }
}
