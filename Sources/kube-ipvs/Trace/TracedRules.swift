// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import KubeProxyConfig
import NodeInspection
import NodeStartup
import PacketTrace
import Reconcile

/// The rules that a packet of one family meets, read by the code that `check` reads them with.
struct TracedRules {
    /// In the variant of iptables that the daemon uses.
    let own: ListedRules
    /// In the other one, which the kernel asks too.
    let other: (ListedRules, String)?
    /// How they are not as the daemon with these settings writes them.
    let differences: [String]

    init(_ family: IPFamily, _ settings: EffectiveSettings, _ objects: TraceObjects) async throws {
        let program = try await KernelIPTables.open()
        let listing = try await program.save(family)
        own = ListedRules(listing)
        other = await Self.readOther(than: program.variant ?? .legacy, family)
        var configuration = settings.rules(for: family, podNetworks: await objects.podNetworks())
        configuration.usesRandomFully = program.supportsRandomFully
        let installed = InstalledRules(listing)
        // These are right whether virtual IPs are addresses or routes.
        if installed.tellOwnTrafficByTheNode(family) { configuration.ownTraffic = .isFromTheNode }
        var lines = Ruleset(configuration, family).differences(from: installed)
        for rule in JumpOrder(listing).preceding.values.joined() {
            lines.append("a rule of others comes before ours: \(rule)")
        }
        if let unread = program.unread[family] { lines.append(unread) }
        differences = lines
    }

    private static func readOther(than variant: IPTablesVariant, _ family: IPFamily) async -> (ListedRules, String)? {
        for other in IPTablesVariant.allCases where other != variant {
            do throws(DataplaneError) {
                let listing = try await KernelIPTables.open(variant: other).save(family)
                return (ListedRules(listing), other.rawValue)
            } catch {
                // Not installed, or not in the kernel: then there are no rules in it.
            }
        }
        return nil
    }
}
