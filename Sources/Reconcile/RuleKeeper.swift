import Addressing
import DataplaneModel

/// Keeps one family's iptables rules as they should be, and writes them only when they are not.
struct RuleKeeper {
    enum Outcome {
        case unchanged
        case written
        /// Written although nothing else was wanted than before: somebody had changed the rules.
        case repaired
    }

    var configuration: RuleConfiguration
    let family: IPFamily

    /// What was wanted when the rules were last found or put in place, and how they then looked.
    private var rendering: Ruleset.Rendering?

    init(configuration: RuleConfiguration, family: IPFamily) {
        self.configuration = configuration
        self.family = family
    }

    mutating func keep(
        closedServers: [VirtualServer.ID],
        on dataplane: any RulesDataplane
    ) async throws(DataplaneError) -> Outcome {
        var configuration = configuration
        configuration.usesRandomFully = dataplane.supportsRandomFully
        let wanted = Ruleset(configuration, family, closedServers: closedServers)

        let installed = InstalledRules(try await dataplane.save(family))
        guard let input = wanted.restoreInput(over: installed, rendering: rendering) else {
            rendering = Ruleset.Rendering(of: wanted, installed)
            return .unchanged
        }
        try await dataplane.restore(input, family)
        let isRepair = rendering?.ruleset == wanted
        rendering = Ruleset.Rendering(of: wanted, InstalledRules(try await dataplane.save(family)))
        return isRepair ? .repaired : .written
    }
}
