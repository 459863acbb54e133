// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import Reconcile

/// Rules that are listed again only when the kernel says that they have changed: a program costs as much as a hundred
/// questions to the kernel, and a daemon that starts anew, its stranger and whoever looks at the rules after a step would all
/// run it.
public final class RememberedRules: RulesDataplane {
    private let rules: any RulesDataplane
    private var listings: [IPFamily: (fingerprint: RulesFingerprint, text: String)] = [:]

    public init(_ rules: any RulesDataplane) {
        self.rules = rules
    }

    public var supportsRandomFully: Bool { rules.supportsRandomFully }

    public func fingerprint(_ family: IPFamily) -> RulesFingerprint? {
        rules.fingerprint(family)
    }

    public func save(_ family: IPFamily) async throws(DataplaneError) -> String {
        let fingerprint = rules.fingerprint(family)
        if let fingerprint, let listing = listings[family], listing.fingerprint == fingerprint { return listing.text }
        listings[family] = nil
        let text = try await rules.save(family)
        if let fingerprint { listings[family] = (fingerprint, text) }
        return text
    }

    public func restore(_ input: String, _ family: IPFamily) async throws(DataplaneError) {
        try await rules.restore(input, family)
    }
}
