// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// A number that is another one after each change to the rules of a family, by whomever.
public struct RulesFingerprint: Hashable, Sendable {
    public var value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }
}

/// The iptables rules of one network namespace.
public protocol RulesDataplane: AnyObject {
    /// Tells whether the rules have changed since an earlier call, without running a program. Two equal values, one read
    /// before the rules were listed and one later, mean that the listing still holds.
    ///
    /// - Returns: `nil` where the kernel cannot tell: then the rules have to be listed.
    func fingerprint(_ family: IPFamily) -> RulesFingerprint?

    /// Runs one program: what `iptables-save` (`ip6tables-save`) prints of the tables `nat` and `filter`.
    func save(_ family: IPFamily) async throws(DataplaneError) -> String

    /// Runs one program: gives `input` to `iptables-restore --noflush --wait` (`ip6tables-restore`).
    func restore(_ input: String, _ family: IPFamily) async throws(DataplaneError)

    /// Whether `MASQUERADE --random-fully` is known: iptables 1.6.2 and later.
    var supportsRandomFully: Bool { get }
}

extension RulesDataplane {
    public func fingerprint(_ family: IPFamily) -> RulesFingerprint? { nil }
}
