// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import DataplaneModel

/// One look at a family's rules, and their writing where they are not as they should be.
///
/// It runs programs, which may take long or hang. So it is a value that goes its way beside the passes: the reconciler hands
/// it out, and takes it back when it has ended. Passes are made meanwhile.
public struct RulesWork: Sendable {
    public var family: IPFamily { keeper.family }

    private(set) var keeper: RuleKeeper
    private let closedServers: [VirtualServer.ID]
    private let start: ContinuousClock.Instant
    /// Whether it goes before it is known which Services there are.
    public let isAhead: Bool
    /// `nil` before it has run.
    private(set) var result: Result<RuleKeeper.Outcome, DataplaneError>?

    init(_ keeper: RuleKeeper, closedServers: [VirtualServer.ID], at now: ContinuousClock.Instant) {
        self.keeper = keeper
        self.closedServers = closedServers
        isAhead = false
        start = now
    }

    init(ahead keeper: RuleKeeper, at now: ContinuousClock.Instant) {
        self.keeper = keeper
        closedServers = []
        isAhead = true
        start = now
    }

    public mutating func run(on dataplane: any RulesDataplane) async {
        do throws(DataplaneError) {
            guard !isAhead else {
                result = .success(try await keeper.keepAhead(on: dataplane) ? .written : .unchanged)
                return
            }
            result = .success(try await keeper.keep(closedServers: closedServers, at: start, on: dataplane))
        } catch {
            result = .failure(error)
        }
    }
}
