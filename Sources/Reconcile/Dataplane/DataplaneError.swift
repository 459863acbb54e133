// SPDX-License-Identifier: GPL-2.0-or-later
/// A read or write of the kernel's state that failed.
public struct DataplaneError: Error, Hashable, Sendable {
    /// The part of the data plane, as a bounded set: for metric labels and health.
    public enum Part: String, CaseIterable, Hashable, Sendable {
        case ipvs
        case ipset
        case addresses
        case routes
        case rules
        case sysctls
        case conntrack
    }

    public var part: Part
    /// The kernel's error number; 0 where the failure has none.
    public var number: Int32
    /// What was attempted and what the kernel or program said, for a person.
    public var explanation: String

    public init(part: Part, number: Int32 = 0, explanation: String) {
        self.part = part
        self.number = number
        self.explanation = explanation
    }
}

extension DataplaneError: CustomStringConvertible {
    public var description: String {
        number == 0 ? explanation : "\(explanation) (errno \(number))"
    }
}

extension DataplaneError {
    /// `EBUSY`, which has this number on every architecture that Linux runs Swift on: another program holds the lock of the rules.
    public static let rulesLockHeld: Int32 = 16

    var isRulesLockHeld: Bool { part == .rules && number == Self.rulesLockHeld }
}

/// A change that the kernel refused, while its neighbours took effect.
public struct RefusedChange<Change: Hashable & Sendable>: Hashable, Sendable {
    public var change: Change
    public var error: DataplaneError

    public init(change: Change, error: DataplaneError) {
        self.change = change
        self.error = error
    }
}
