// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
public import DataplaneModel
import Glibc
public import KubeProxyConfig
public import NodeStartup
import Reconcile

/// Looks at a node on which the daemon is to run, without changing it.
public enum NodeCheck {
    /// What is found out by reading. Where `ip_vs` is not loaded, it stays so.
    ///
    /// - Parameters:
    ///   - source: where Services come from, or why that is not known.
    ///   - version: of this program.
    /// - Returns: the findings, and the variant of iptables that the daemon would take.
    public static func observe(
        _ settings: EffectiveSettings,
        source: Result<ObjectSource, StartError>,
        version: String
    ) async -> ([NodeFinding], IPTablesVariant) {
        var evidence = NodeEvidence()
        var failures: [NodeFinding] = []
        evidence.readProcessFiles()
        evidence.detectLocalMode = settings.detectLocalMode
        evidence.masqueradesAll = settings.masqueradeAll
        failures += observeSettings(settings, &evidence)
        failures += await observeRules(&evidence)
        failures += observeVirtualIPs(settings, &evidence)
        failures += observeVirtualServers(settings, &evidence)
        failures += observeSets(&evidence)
        failures += await observeAPIServer(settings, source, version: version)
        failures += await observeObjects(settings, source, version: version, &evidence)
        return (evidence.findings + failures, evidence.variant)
    }

    // MARK: Parts

    private static func observeSettings(
        _ settings: EffectiveSettings,
        _ evidence: inout NodeEvidence
    ) -> [NodeFinding] {
        let plan = NodeSettingsPlan(settings, kernel: HostFacts.kernelVersion, processors: HostFacts.processors)
        let kernel = KernelSettings()
        for setting in plan.settings {
            do throws(DataplaneError) {
                if let value = setting.value(over: try kernel.read(setting)) {
                    evidence.settingChanges.append("write \(value) to \(setting.key)")
                }
            } catch {
                // Those of modules that are not loaded are not there yet.
                if error.number != ENOENT { evidence.settingFailures.append("\(error)") }
            }
        }
        return plan.warnings.map { NodeFinding(.warning, "settings", $0) }
    }

    private static func observeRules(_ evidence: inout NodeEvidence) async -> [NodeFinding] {
        do throws(DataplaneError) {
            let rules = try await KernelIPTables.open()
            let variant = rules.variant ?? .legacy
            evidence.variant = variant
            for family in HostFacts.families {
                evidence.rules[family] = try await rules.save(family)
            }
            for other in IPTablesVariant.allCases where other != variant {
                await observeOtherRules(other, &evidence)
            }
            let ports: [NodeFinding] =
                rules.supportsRandomFully
                ? []
                : [
                    NodeFinding(
                        .notice, "iptables",
                        "\(rules.version) has no --random-fully, which came with 1.6.2: masqueraded connections get source ports in order"
                    )
                ]
            return [NodeFinding(.ok, "iptables", "\(rules.version), \(variant.rawValue): \(rules.reason)")] + ports
                + HostFacts.families.compactMap { rules.unread[$0].map { NodeFinding(.notice, "foreign rules", $0) } }
        } catch {
            return [NodeFinding(.failure, "iptables", "\(error)")]
        }
    }

    private static func observeOtherRules(_ variant: IPTablesVariant, _ evidence: inout NodeEvidence) async {
        do throws(DataplaneError) {
            let rules = try await KernelIPTables.open(variant: variant)
            for family in HostFacts.families {
                evidence.otherRules[family] = try await rules.save(family)
            }
        } catch {
            // Not installed, or not in the kernel: then there are no rules in it.
        }
    }

    private static func observeVirtualIPs(
        _ settings: EffectiveSettings,
        _ evidence: inout NodeEvidence
    ) -> [NodeFinding] {
        evidence.virtualIPMode = settings.virtualIPs
        do throws(DataplaneError) {
            let addresses = try KernelAddresses()
            let hasLink = try addresses.linkExists()
            for family in HostFacts.families {
                if hasLink { evidence.boundVirtualIPs += try addresses.boundAddresses(of: family).count }
                evidence.routedVirtualIPs += try addresses.localRoutes(of: family).count
            }
            return []
        } catch {
            return [NodeFinding(.failure, "virtual IPs", "\(error)")]
        }
    }

    private static func observeVirtualServers(
        _ settings: EffectiveSettings,
        _ evidence: inout NodeEvidence
    ) -> [NodeFinding] {
        guard !KernelModule.isAbsent("ip_vs") else {
            return [NodeFinding(.notice, "IPVS", "ip_vs is not loaded yet; the daemon's start loads it")]
        }
        do throws(DataplaneError) {
            let ownership = try ownership(settings.excludedNetworks)
            evidence.foreignServers = try KernelIPVS().dumpAll().compactMap { server in
                evidence.serverCount += 1 + server.realServers.count
                guard case .address(let id) = server.identity, !ownership.owns(id),
                    !settings.excludedNetworks.contains(where: { $0.contains(id.address) })
                else { return nil }
                return id
            }
            let timeout = settings.ipvsTimeouts.tcp
            evidence.ipvsTCPTimeout = Int(timeout > 0 ? timeout : try KernelIPVS().timeouts().tcp)
            return []
        } catch {
            return [NodeFinding(.failure, "IPVS", "\(error)")]
        }
    }

    private static func observeSets(_ evidence: inout NodeEvidence) -> [NodeFinding] {
        // Reading a set would load the module.
        guard !KernelModule.isAbsent("ip_set") else { return [] }
        let kernel = KernelIPSet()
        do throws(DataplaneError) {
            for family in HostFacts.families {
                for set in ServiceSet.allCases {
                    let name = set.name(for: family)
                    var entries = 0
                    var reading = KernelReading(of: NamedSet(name))
                    while try kernel.readMembers(&reading, { _ in entries += 1 }) == .more {}
                    guard let limit = reading.subject.found?.maximumElements else { continue }
                    evidence.setFills.append(SetFill(name: name, entries: entries, limit: Int(limit)))
                }
            }
            return []
        } catch {
            return [NodeFinding(.failure, "sets", "\(error)")]
        }
    }

    private static func ownership(_ networks: [IPPrefix]) throws(DataplaneError) -> VirtualServerOwnership {
        var ownership = VirtualServerOwnership(excludedNetworks: networks)
        try ownership.readNodeAddresses()
        let addresses = try KernelAddresses()
        let hasLink = try addresses.linkExists()
        for family in HostFacts.families {
            if hasLink { ownership.boundAddresses.formUnion(try addresses.boundAddresses(of: family)) }
            ownership.note(try addresses.localRoutes(of: family))
        }
        if !KernelModule.isAbsent("ip_set") {
            let sets = KernelIPSet()
            for family in IPFamily.allCases {
                for set in VirtualServerOwnership.tellingSets { try ownership.read(set, of: family, from: sets) }
            }
        }
        return ownership
    }
}
