// SPDX-License-Identifier: GPL-2.0-or-later
/// A value of the kernel's that the data plane depends on, and what it has to be.
public struct KernelSetting: Hashable, Sendable {
    public enum Demand: Hashable, Sendable {
        case exactly(Int)
        /// A larger value is an administrator's choice and stays.
        case atLeast(Int)
    }

    /// A path below `/proc/sys`, such as `net/ipv4/vs/conntrack`; those of `net` are of a network namespace.
    public var key: String
    public var demand: Demand
    /// What does not work without it, so that "there is no … without it" is a sentence.
    public var purpose: String
    /// Whether no Service works without it.
    public var isVital: Bool

    public init(_ key: String, _ demand: Demand, purpose: String, isVital: Bool = false) {
        self.isVital = isVital
        self.key = key
        self.demand = demand
        self.purpose = purpose
    }

    /// What to write where `current` was read; `nil` when that will do.
    public func value(over current: String) -> String? {
        switch demand {
        case .exactly(let value): Int(current) == value ? nil : "\(value)"
        case .atLeast(let value): Int(current).map { $0 >= value } ?? false ? nil : "\(value)"
        }
    }
}

extension KernelSetting: CustomStringConvertible {
    /// Such as `net/ipv4/vs/conntrack = 1`.
    public var description: String {
        switch demand {
        case .exactly(let value): "\(key) = \(value)"
        case .atLeast(let value): "\(key) >= \(value)"
        }
    }
}
