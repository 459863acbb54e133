// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// A packet's way through the rules of one hook.
///
/// A rule with a match that is not evaluated is passed over, and named where a packet that it takes would not come to the next
/// one.
struct ChainWalk {
    /// How a way through a table ended, other than by going on.
    enum End: Hashable {
        case accepted
        case dropped(RuleStep)
        case rejected(RuleStep)
        /// Another destination, or a program.
        case diverted(RuleStep)
        case masqueraded(RuleStep)
        case sourceChanged(IPAddress?, RuleStep)
    }

    private let rules: ListedRules
    private let node: NodeView
    private let lookup: SetLookup
    private let hook: PacketHook
    private let variant: String?
    private(set) var packet: TracedPacket
    private(set) var steps: [RuleStep] = []
    /// What was looked for in the current chain, and found not to be there.
    private var absent: [RuleStep.SetFact] = []
    private var budget: Int

    /// nf_tables and ip_tables refuse deeper ones (`NFT_JUMP_STACK_SIZE`), or loops.
    private static let maximumDepth = 16
    /// Rules that are looked at in one hook: jumps into jumps may make many of a few.
    static let defaultBudget = 200_000

    init(
        _ rules: ListedRules,
        _ packet: TracedPacket,
        at hook: PacketHook,
        on node: NodeView,
        variant: String? = nil,
        budget: Int = defaultBudget
    ) {
        self.rules = rules
        self.packet = packet
        self.hook = hook
        self.node = node
        self.variant = variant
        self.budget = budget
        lookup = SetLookup(node, packet.family)
    }

    /// Goes through a built-in chain; `nil` when the packet goes on.
    mutating func run(_ table: ListedRules.Table) -> End? {
        let chain = ListedRules.ChainName(table: table, name: hook.rawValue[...])
        guard rules.rules(of: chain) != nil else { return nil }
        switch walk(chain, depth: 0) {
        case .end(let end): return end == .accepted ? nil : end
        case .returned: break
        }
        guard rules.policy(of: chain) == "DROP" else { return nil }
        let step = makeStep(chain, number: nil, "policy DROP", .dropped, [])
        steps.append(step)
        return .dropped(step)
    }

    private enum Progress {
        case returned
        case end(End)
    }

    private mutating func walk(_ chain: ListedRules.ChainName, depth: Int) -> Progress {
        let outer = absent
        absent = []
        defer { absent = outer }
        for (index, text) in (rules.rules(of: chain) ?? []).enumerated() {
            budget -= 1
            guard budget > 0 else {
                if budget == 0 { steps.append(makeStep(chain, number: nil, "too many rules", .notEvaluated, [])) }
                return .returned
            }
            let rule = TracedRule(text)
            let number = index + 1
            switch isMet(rule) {
            case false?: continue
            case nil: noteUnknown(rule, chain, number, depth)
            case true?:
                if let progress = take(rule, chain, number, depth) { return progress }
            }
        }
        return .returned
    }

    /// Whether the packet meets all of a rule's matches; `nil` where it meets those that are known.
    private mutating func isMet(_ rule: TracedRule) -> Bool? {
        var isKnown = true
        for condition in rule.conditions {
            switch condition.isMet(by: packet, lookup, node) {
            case true?: continue
            case nil: isKnown = false
            case false?:
                // What a set does not have explains the rule that takes the packet in the end.
                if let fact = fact(condition), !condition.isInverted, !absent.contains(fact) { absent.append(fact) }
                return false
            }
        }
        return isKnown ? true : nil
    }

    private func fact(_ condition: RuleCondition) -> RuleStep.SetFact? {
        guard case .set(let name, let fromSource) = condition.match,
            let question = lookup.entry(name, fromSource, packet)
        else { return nil }
        return RuleStep.SetFact(set: name, entry: question.entry, isMember: node.isMember(name, question.entry))
    }

    /// What a rule does with a packet that meets it; `nil` when the next rule has it.
    private mutating func take(
        _ rule: TracedRule,
        _ chain: ListedRules.ChainName,
        _ number: Int,
        _ depth: Int
    ) -> Progress? {
        func note(_ effect: RuleStep.Effect) -> RuleStep {
            let step = makeStep(chain, number: number, rule.text, effect, rule.conditions)
            steps.append(step)
            return step
        }
        switch rule.target {
        case .goesOn: return nil
        case .unknown:
            _ = note(.notEvaluated)
            return nil
        case .accept:
            _ = note(.accepted)
            return .end(.accepted)
        case .returns:
            _ = note(.returned)
            return .returned
        case .drop: return .end(.dropped(note(.dropped)))
        case .reject: return .end(.rejected(note(.rejected)))
        case .destination, .queue: return .end(.diverted(note(.diverted)))
        case .masquerade: return .end(.masqueraded(note(.masqueraded)))
        case .source(let address): return .end(.sourceChanged(address, note(.masqueraded)))
        case .mark(let value, let mask):
            packet.mark = (packet.mark & ~mask) ^ value
            _ = note(.marked(packet.mark))
            return nil
        case .jump(let name), .goTo(let name):
            let target = ListedRules.ChainName(table: chain.table, name: name[...])
            guard rules.rules(of: target) != nil, depth < Self.maximumDepth else {
                _ = note(.notEvaluated)
                return nil
            }
            let position = steps.count
            _ = note(.jumped(name))
            let before = steps.count
            let progress = walk(target, depth: depth + 1)
            // A chain in which nothing happened to the packet is not worth a line.
            if steps.count == before, case .returned = progress { steps.remove(at: position) }
            if case .end = progress { return progress }
            if case .goTo = rule.target { return .returned }
            return nil
        }
    }

    private mutating func makeStep(
        _ chain: ListedRules.ChainName,
        number: Int?,
        _ text: String,
        _ effect: RuleStep.Effect,
        _ conditions: [RuleCondition]
    ) -> RuleStep {
        var sets = conditions.compactMap { condition in condition.isInverted ? nil : fact(condition) }
        // A rule without a match is there for those whom no rule above took.
        if conditions.isEmpty, number != nil { sets = absent.filter { $0.isMember == false } }
        absent = []
        return RuleStep(
            hook: hook, table: chain.table, chain: String(chain.name), number: number, rule: text, variant: variant,
            isOurs: isOurs(chain, effect), effect: effect, sets: sets,
            reasons: conditions.filter { if case .set = $0.match { false } else { true } }.map(\.description))
    }

    /// A rule of a chain of ours, or of a built-in chain that leads to one.
    private func isOurs(_ chain: ListedRules.ChainName, _ effect: RuleStep.Effect) -> Bool {
        guard let table = RuleTable(rawValue: chain.table.rawValue) else { return false }
        if case .jumped(let target) = effect, chain.name == hook.rawValue {
            return ServiceChain(target[...], in: table) != nil
        }
        return ServiceChain(chain.name, in: table) != nil
    }

    // MARK: What may be

    /// Tells of a rule that cannot be evaluated, if a packet that it takes might not come to the next one.
    private mutating func noteUnknown(
        _ rule: TracedRule,
        _ chain: ListedRules.ChainName,
        _ number: Int,
        _ depth: Int
    ) {
        guard rule.mayDecide, mayEnd(rule, chain, depth) else { return }
        steps.append(makeStep(chain, number: number, rule.text, .notEvaluated, []))
    }

    /// Whether a rule, or a chain that it leads to, may end the packet's way with another end than that it goes on.
    private mutating func mayEnd(_ rule: TracedRule, _ chain: ListedRules.ChainName, _ depth: Int) -> Bool {
        switch rule.target {
        case .mark, .goesOn: return false
        case .accept, .returns:
            // To leave the chain early matters where our rules, or ones that drop, would have come.
            return true
        case .jump(let name), .goTo(let name):
            guard depth < Self.maximumDepth else { return false }
            let target = ListedRules.ChainName(table: chain.table, name: name[...])
            for text in rules.rules(of: target) ?? [] {
                budget -= 1
                guard budget > 0 else { return true }
                let rule = TracedRule(text)
                // The return of a chain is the end of no way.
                if case .returns = rule.target { continue }
                if isMet(rule) != false, mayEnd(rule, target, depth + 1) { return true }
            }
            return false
        default: return true
        }
    }
}
