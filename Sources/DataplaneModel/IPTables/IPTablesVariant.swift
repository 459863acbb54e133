// SPDX-License-Identifier: GPL-2.0-or-later
/// Which of the kernel's two packet filters the programs speak to. A rule in one is not seen by the programs of the other.
public enum IPTablesVariant: String, CaseIterable, Hashable, Sendable {
    /// `iptables-nft`: nf_tables.
    case nft
    /// `iptables-legacy`: ip_tables.
    case legacy

    public var other: IPTablesVariant { self == .nft ? .legacy : .nft }

    /// What the variant's rules are in, for a sentence.
    public var tables: String { self == .nft ? "nf_tables" : "the legacy tables" }
}

/// The variant that a node's rules are in, chosen as kubernetes-sigs/iptables-wrappers does, unless the kernel cannot hold our
/// rules in it.
public struct IPTablesChoice: Hashable, Sendable {
    /// `nil` for the programs without a variant in their name.
    public var variant: IPTablesVariant?
    /// One sentence for the log.
    public var reason: String

    /// - Parameters:
    ///   - nft: what the save programs of both families print of `iptables-nft`; `nil` where they are missing.
    ///   - legacy: the same of `iptables-legacy`.
    public init(nft: String?, legacy: String?) {
        switch (nft, legacy) {
        case (nil, nil):
            self.init(nil, "neither iptables-nft-save nor iptables-legacy-save is installed")
        case (_, nil):
            self.init(.nft, "iptables-legacy-save is not installed")
        case (nil, _):
            self.init(.legacy, "iptables-nft-save is not installed")
        case (let nft?, let legacy?):
            if let chain = Self.kubeletChain(in: nft) {
                self.init(.nft, "kubelet's chain \(chain) is in nf_tables")
            } else if let chain = Self.kubeletChain(in: legacy) {
                self.init(.legacy, "kubelet's chain \(chain) is in the legacy tables")
            } else {
                let (nftRules, legacyRules) = (Self.ruleCount(in: nft), Self.ruleCount(in: legacy))
                let counts = "\(nftRules) rules are in nf_tables and \(legacyRules) in the legacy tables"
                if nftRules == legacyRules {
                    self.init(nil, "kubelet's chains are in neither variant, \(counts): `iptables` decides")
                } else {
                    self.init(
                        nftRules > legacyRules ? .nft : .legacy, "kubelet's chains are in neither variant, \(counts)")
                }
            }
        }
    }

    private init(_ variant: IPTablesVariant?, _ reason: String) {
        self.variant = variant
        self.reason = reason
    }

    /// The choice once the kernel has been tried: the other variant where the chosen one cannot hold our rules and the other can.
    ///
    /// - Parameters:
    ///   - variant: the chosen one; where `iptables` decides, what that is.
    ///   - other: whether the programs of the other one are installed.
    ///   - hindrance: why the kernel cannot hold our rules in a variant; `nil` when it can, or when that is unknown.
    public func tried(
        _ variant: IPTablesVariant,
        otherIsInstalled other: Bool,
        _ hindrance: (IPTablesVariant) async -> String?
    ) async -> IPTablesChoice {
        guard let reason = await hindrance(variant), other, await hindrance(variant.other) == nil else { return self }
        return IPTablesChoice(
            variant.other,
            "\(self.reason), for \(variant.tables), in which this kernel cannot hold the rules (\(reason)): "
                + "\(variant.other.tables) it can"
        )
    }

    /// Kubelet makes these in the table `mangle`, the first one since Kubernetes 1.24, the other since 1.17.
    private static func kubeletChain(in listing: String) -> String? {
        let chains = ["KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY"]
        for line in listing.split(separator: "\n") where line.hasPrefix(":KUBE-") {
            let name = line.dropFirst().prefix { $0 != " " }
            if let chain = chains.first(where: { $0 == name }) { return chain }
        }
        return nil
    }

    private static func ruleCount(in listing: String) -> Int {
        listing.split(separator: "\n").count { $0.hasPrefix("-") }
    }
}
