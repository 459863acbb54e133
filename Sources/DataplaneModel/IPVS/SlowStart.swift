// SPDX-License-Identifier: GPL-2.0-or-later
/// How the weight of a new real server rises to its full one.
public enum SlowStart {
    /// What the weights of a virtual server with slow start are multiplied by, always: weights are whole numbers, and so there is
    /// something below 1. They stay when nothing rises, so that a new real server changes no other one.
    public static let scale: UInt32 = 100

    /// The weight that a rise begins with, in hundredths of the full one. With less, a real server might get no connection at all.
    public static let firstPercent: UInt64 = 10

    /// - Parameters:
    ///   - elapsed: since the rise began, in seconds.
    ///   - duration: how long it takes, in seconds; not 0.
    public static func weight(full: UInt32, after elapsed: UInt32, of duration: UInt32) -> UInt32 {
        guard elapsed < duration else { return full }
        let percent = firstPercent * UInt64(duration) + (100 - firstPercent) * UInt64(elapsed)
        return max(1, UInt32(UInt64(full) * percent / (100 * UInt64(duration))))
    }

    /// After how many seconds of a rise a real server has a weight; `nil` where it never has less than the full one and as much.
    public static func elapsed(at weight: UInt32, full: UInt32, of duration: UInt32) -> UInt32? {
        guard weight < full, weight >= Self.weight(full: full, after: 0, of: duration) else { return nil }
        var (low, high) = (UInt32(0), duration)
        while low < high {
            let middle = low + (high - low) / 2
            if Self.weight(full: full, after: middle, of: duration) < weight { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
