// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

/// Keeps one family's iptables rules as they should be, and writes them only when they are not.
struct RuleKeeper: Sendable {
    enum Outcome {
        case unchanged
        case written
        /// Written although the same was wanted as before: another program had changed the rules.
        case repaired
    }

    var configuration: RuleConfiguration
    let family: IPFamily

    /// What was wanted when the rules were last found or put in place, and how they then looked.
    private var rendering: Ruleset.Rendering?
    /// Taken before the rules looked as `rendering` has it: as long as it stays, they look so still.
    private var fingerprint: RulesFingerprint?
    /// Whether virtual IPs may still be routes, which a daemon with another `--virtual-ips` has left.
    var mayFindRoutes = true
    /// Whether the rules in place are right for virtual IPs that are routes, and not yet those that are wanted.
    private(set) var areForRoutes = false
    /// Which of our jumps rules of others stand before.
    var displaced = DisplacedJumps()

    init(configuration: RuleConfiguration, family: IPFamily) {
        self.configuration = configuration
        self.family = family
    }

    /// Starts no program where the same is wanted as before and the kernel tells that its rules have not changed.
    mutating func keep(
        closedServers: [VirtualServer.ID],
        at now: ContinuousClock.Instant,
        on dataplane: any RulesDataplane
    ) async throws(DataplaneError) -> Outcome {
        let current = dataplane.fingerprint(family)
        guard !areKnownInPlace(closedServers, current, on: dataplane) else { return .unchanged }
        var wanted = ruleset(closedServers, on: dataplane)
        let listing = try await dataplane.save(family)
        let installed = InstalledRules(listing)
        // Rules are written before virtual IPs become addresses. Those for routes are right for addresses too.
        areForRoutes =
            mayFindRoutes && configuration.ownTraffic == .isFromVirtualIPs && installed.tellOwnTrafficByTheNode(family)
        if areForRoutes { wanted = ruleset(closedServers, ownTraffic: .isFromTheNode, on: dataplane) }
        let moved = displaced.jumpsToMove(in: JumpOrder(listing), at: now)
        guard let input = wanted.restoreInput(over: installed, rendering: rendering, moving: moved) else {
            rendering = Ruleset.Rendering(of: wanted, installed)
            // A jump that is left for now is moved when its time has come. No change in the kernel tells that.
            fingerprint = displaced.contestedCount == 0 ? current : nil
            return .unchanged
        }
        try await dataplane.restore(input, family)
        displaced.noteMoved(moved, at: now)
        let isRepair = rendering?.ruleset == wanted
        let written = dataplane.fingerprint(family)
        let restored = InstalledRules(try await dataplane.save(family))
        rendering = Ruleset.Rendering(of: wanted, restored)
        // Another program may have changed them at once: the fingerprint stands only for rules that would be left
        // alone.
        if wanted.restoreInput(over: restored, rendering: rendering) == nil, displaced.contestedCount == 0 {
            fingerprint = written
        }
        return isRepair ? .repaired : .written
    }

    /// Puts the rules in place before it is known which Services there are, as far as that takes nothing away. Those that name
    /// Services stay as they are.
    ///
    /// - Returns: whether rules were written.
    mutating func keepAhead(on dataplane: any RulesDataplane) async throws(DataplaneError) -> Bool {
        let current = dataplane.fingerprint(family)
        guard fingerprint == nil || fingerprint != current else { return false }
        let listing = try await dataplane.save(family)
        let installed = InstalledRules(listing)
        let wanted = ruleset([], on: dataplane).leavingServices(as: installed)
        guard wanted.takesNothingAway(from: installed) else { return false }
        guard let input = wanted.restoreInput(over: installed) else {
            noteInPlace(wanted, listing, current)
            return false
        }
        try await dataplane.restore(input, family)
        let written = dataplane.fingerprint(family)
        noteInPlace(wanted, try await dataplane.save(family), written)
        return true
    }

    /// Notes rules that are listed as they should be, unless a jump has still to be moved.
    private mutating func noteInPlace(_ wanted: Ruleset, _ listing: String, _ fingerprint: RulesFingerprint?) {
        let installed = InstalledRules(listing)
        let rendering = Ruleset.Rendering(of: wanted, installed)
        let isInPlace = wanted.restoreInput(over: installed, rendering: rendering) == nil
        guard isInPlace, JumpOrder(listing).isEmpty else { return }
        self.rendering = rendering
        self.fingerprint = fingerprint
    }

    /// Whether the rules are as they should be, as far as the kernel tells that without a listing.
    mutating func areKnownInPlace(closedServers: [VirtualServer.ID], on dataplane: any RulesDataplane) -> Bool {
        areKnownInPlace(closedServers, dataplane.fingerprint(family), on: dataplane)
    }

    private mutating func areKnownInPlace(
        _ closedServers: [VirtualServer.ID],
        _ current: RulesFingerprint?,
        on dataplane: any RulesDataplane
    ) -> Bool {
        if let current, current == fingerprint, rendering?.ruleset == ruleset(closedServers, on: dataplane) {
            return true
        }
        // Until they have been seen in place.
        fingerprint = nil
        return false
    }

    private func ruleset(
        _ closedServers: [VirtualServer.ID],
        ownTraffic: OwnTraffic? = nil,
        on dataplane: any RulesDataplane
    ) -> Ruleset {
        var configuration = configuration
        if let ownTraffic { configuration.ownTraffic = ownTraffic }
        configuration.usesRandomFully = dataplane.supportsRandomFully
        return Ruleset(configuration, family, closedServers: closedServers)
    }
}
