/// What a listing of `iptables-save` (`ip6tables-save`) has of ours: the rules of our chains, and the jumps to them.
///
/// Two listings between which nobody touched our rules give equal values.
public struct InstalledRules: Hashable, Sendable {
    /// The rules of each chain of ours that is there, as printed, without `-A CHAIN`.
    private(set) var chains: [ServiceChain: [String]] = [:]

    /// The rules that count as one of our jumps, as printed, without `-A CHAIN`. There may be more than one of each, and
    /// each may have matches beside the comment.
    private(set) var jumps: [ServiceJump: [String]] = [:]

    /// The chains of ours that rules of others lead to, such as a CNI plugin's to KUBE-MARK-MASQ.
    private(set) var chainsOthersUse: Set<ServiceChain> = []

    /// - Parameter listing: may hold other tables too.
    public init(_ listing: String) {
        var table: RuleTable?
        for line in listing.split(separator: "\n") {
            if line.hasPrefix("*") {
                table = RuleTable(rawValue: String(line.dropFirst()))
            } else if let table {
                if line.hasPrefix(":") {
                    let name = line.dropFirst().prefix { $0 != " " }
                    if let chain = ServiceChain(name, in: table) { chains[chain] = [] }
                } else if line.hasPrefix("-A ") {
                    read(line.dropFirst(3), in: table)
                }
            }
        }
    }

    /// Whether there is nothing of ours.
    public var isEmpty: Bool { chains.isEmpty && jumps.isEmpty }

    private mutating func read(_ line: Substring, in table: RuleTable) {
        let origin = line.prefix { $0 != " " }
        let rule = line[origin.endIndex...].dropFirst()
        if let chain = ServiceChain(origin, in: table) {
            chains[chain, default: []].append(String(rule))
            return
        }
        // A target that is a chain has no options, so it ends the line.
        guard let space = rule.lastIndex(of: " "),
            let target = ServiceChain(rule[rule.index(after: space)...], in: table)
        else { return }
        let words = RuleWords(rule).words
        guard let option = words.dropLast().last, ["-j", "-g"].contains(option) else { return }
        if let jump = ServiceJump.all.first(where: { jump in
            jump.origin == origin && jump.target == target && option == "-j"
                && zip(words, words.dropFirst()).contains { $0 == "--comment" && $1 == jump.comment }
        }) {
            jumps[jump, default: []].append(String(rule))
        } else {
            chainsOthersUse.insert(target)
        }
    }
}
