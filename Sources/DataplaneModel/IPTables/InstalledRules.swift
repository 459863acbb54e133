// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// What a listing of `iptables-save` (`ip6tables-save`) has of ours: the rules of our chains, and the jumps to them.
///
/// Two listings give equal values if no program touched our rules in between.
public struct InstalledRules: Hashable, Sendable {
    /// The rules of each chain of ours that is there, as printed, without `-A CHAIN`.
    private(set) var chains: [ServiceChain: [String]] = [:]

    /// The rules that count as one of our jumps, as printed, without `-A CHAIN`. There may be more than one of each, and
    /// each may have matches beside the comment.
    private(set) var jumps: [ServiceJump: [String]] = [:]

    /// The chains of ours that rules of others lead to, such as a CNI plugin's to KUBE-MARK-MASQ.
    private(set) var chainsOthersUse: Set<ServiceChain> = []

    /// - Parameter listing: may hold other tables too, and any number of rules of others.
    public init(_ listing: String) {
        var table: RuleTable?
        for line in Array(listing.utf8).split(separator: UInt8(ascii: "\n")) {
            switch line.first {
            case UInt8(ascii: "*"):
                table = RuleTable(rawValue: String(decoding: line.dropFirst(), as: UTF8.self))
            case UInt8(ascii: ":") where table != nil, UInt8(ascii: "-") where table != nil:
                // Most lines are of others, and there may be a hundred thousand: only a few are worth a string.
                guard let table, Self.mayBeOurs(line) else { continue }
                read(Substring(decoding: line, as: UTF8.self), in: table)
            default:
                continue
            }
        }
    }

    /// Whether a line begins with a chain of ours, or ends with one: a target that is a chain has no options after it.
    private static func mayBeOurs(_ line: ArraySlice<UInt8>) -> Bool {
        if line.starts(with: ":KUBE-".utf8) || line.starts(with: "-A KUBE-".utf8) { return true }
        guard let space = line.lastIndex(of: UInt8(ascii: " ")) else { return false }
        return line[space...].starts(with: " KUBE-".utf8)
    }

    /// Whether there is nothing of ours.
    public var isEmpty: Bool { chains.isEmpty && jumps.isEmpty }

    /// Whether they tell what the node sends by its own addresses (`OwnTraffic.isFromTheNode`).
    public func tellOwnTrafficByTheNode(_ family: IPFamily) -> Bool {
        let text = RuleText(RuleConfiguration(ownTraffic: .isFromTheNode), family)
        let rule = CanonicalRule(text.masqueradeOwnTraffic(to: .externalIPLocal))
        return chains[.services]?.contains { CanonicalRule($0) == rule } ?? false
    }

    private mutating func read(_ line: Substring, in table: RuleTable) {
        guard line.hasPrefix("-A ") else {
            if let chain = ServiceChain(line.dropFirst().prefix { $0 != " " }, in: table) { chains[chain] = [] }
            return
        }
        let origin = line.dropFirst(3).prefix { $0 != " " }
        let rule = line[origin.endIndex...].dropFirst()
        if let chain = ServiceChain(origin, in: table) {
            chains[chain, default: []].append(String(rule))
            return
        }
        let words = RuleWords(rule).words
        guard let name = words.last, let target = ServiceChain(name[...], in: table),
            let option = words.dropLast().last, ["-j", "-g"].contains(option)
        else { return }
        if let jump = ServiceJump.all.first(where: { $0.origin == origin && $0.table == table && $0.matches(words) }) {
            jumps[jump, default: []].append(String(rule))
        } else {
            chainsOthersUse.insert(target)
        }
    }
}
