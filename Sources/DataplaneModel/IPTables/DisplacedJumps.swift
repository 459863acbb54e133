// SPDX-License-Identifier: GPL-2.0-or-later
/// Which of our jumps that rules of others stand before go back to the head of their chains, and which are left.
///
/// Another agent may put its rule before ours again and again. Each jump is moved at most once in a period, so that no agent is
/// fought more often than that.
public struct DisplacedJumps: Hashable, Sendable {
    /// The least time between two moves of one jump.
    public let period: Duration

    /// Jumps that stay behind rules of others until the period has gone by, with the first of those rules.
    public private(set) var left: [ServiceJump: PrecedingRule] = [:]
    /// When each jump was moved last.
    private var moves: [ServiceJump: ContinuousClock.Instant] = [:]
    /// Those that were found behind rules again after a move, and have not stayed in front for a period since.
    private var contested: Set<ServiceJump> = []
    private var untold: [PrecedingRule] = []

    /// How many jumps have rules of others put before them again and again.
    public var contestedCount: Int { contested.union(left.keys).count }

    /// kube-proxy's default sync period. A jump is looked at once in a period of the daemon, which may be shorter.
    public static let defaultPeriod = Duration.seconds(30)

    /// So long after a move a rule of others before the jump counts as put there again.
    private static let periodsRemembered = 20

    public init(period: Duration = defaultPeriod) {
        self.period = period
    }

    /// The jumps to move now. Nothing counts as moved before `noteMoved`.
    public mutating func jumpsToMove(in order: JumpOrder, at now: ContinuousClock.Instant) -> [ServiceJump] {
        left = [:]
        var movable: [ServiceJump] = []
        for jump in JumpOrder.jumps {
            guard let rule = order.preceding[jump]?.first else {
                guard let move = moves[jump] else { continue }
                // The jump has stayed in front for a period, and what comes much later has nothing to do with that move.
                if move.duration(to: now) >= period { contested.remove(jump) }
                if move.duration(to: now) >= period * Self.periodsRemembered { moves[jump] = nil }
                continue
            }
            if moves[jump] != nil, contested.insert(jump).inserted { untold.append(rule) }
            if let move = moves[jump], move.duration(to: now) < period {
                left[jump] = rule
            } else {
                movable.append(jump)
            }
        }
        return movable
    }

    public mutating func noteMoved(_ jumps: [ServiceJump], at now: ContinuousClock.Instant) {
        for jump in jumps { moves[jump] = now }
    }

    /// What is to be logged once: another program puts rules before a jump again after it was moved.
    public mutating func takeNews() -> [PrecedingRule] {
        defer { untold = [] }
        return untold
    }
}
