// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
public import KubeProxyConfig
public import KubernetesObjects
public import Logging
public import NodeStartup
import NodeSync
import Reconcile
import ServicePlan

/// What a daemon with these settings would make of this node now, without a daemon and without writing anything.
public struct NodeInspection {
    let settings: EffectiveSettings
    let families: [IPFamily]
    let table: ServiceTable
    let node: Node?
    let rejections: [Rejection]

    /// Reads the objects of the source, and the addresses of this node.
    ///
    /// - Parameters:
    ///   - service: the only one that is asked about; nothing is known then of Services that want nothing that it wants. `nil` for
    ///     all.
    ///   - readsAllNodes: whether the API server is asked for all Nodes and not for the own one alone, which a daemon does not do: a
    ///     cluster may have thousands.
    /// - Throws: `StartError` when the source or the addresses cannot be read.
    public init(
        settings: EffectiveSettings,
        source: ObjectSource,
        about service: ObjectName? = nil,
        readsAllNodes: Bool = false,
        version: String,
        logger: Logger
    ) async throws {
        let objects = try await ObjectSnapshot(
            of: source, settings: settings, about: service, readsAllNodes: readsAllNodes, version: version,
            logger: logger)
        try self.init(settings, objects)
    }

    /// Takes objects that were read, and reads the addresses of this node.
    init(_ settings: EffectiveSettings, _ objects: ObjectSnapshot) throws(StartError) {
        var objects = objects
        let addresses: Set<IPAddress>
        do throws(DataplaneError) {
            addresses = try NodeAddressMonitor().nodeAddresses()
            let routes = try KernelRoutes()
            let gateways = try routes.gateways()
            objects.surroundings.neighbours = try routes.neighbours(among: objects.externalAddresses)
            objects.surroundings.defaultGateways = gateways.ofDefaultRoutes
            objects.surroundings.otherGateways = gateways.ofOtherRoutes
        } catch {
            throw StartError("\(error)")
        }
        self.init(settings: settings, families: HostFacts.families, objects: objects, interfaceAddresses: addresses)
    }

    init(
        settings: EffectiveSettings,
        families: [IPFamily],
        objects: ObjectSnapshot,
        interfaceAddresses: Set<IPAddress>
    ) {
        self.settings = settings
        self.families = families
        node = objects.node
        rejections = objects.rejections
        var table = ServiceTable(
            facts: NodeFacts(
                settings, node: objects.node, interfaceAddresses: interfaceAddresses,
                surroundings: objects.surroundings),
            configuration: settings.plan,
            families: Set(families)
        )
        for update in objects.updates { table.apply(update) }
        if !table.wantedSchedulers.isEmpty {
            // A daemon has the kernel try, which is a write.
            let modules = KernelModules()
            table.replaceMissingSchedulers(Set(table.wantedSchedulers.filter { modules.lack("ip_vs_\($0)") }))
        }
        self.table = table
    }

    /// As a daemon has it before its first pass, on a clock that stands still.
    ///
    /// - Parameter families: one where the other is looked at by itself; `nil` for all.
    func nodeReconciler(
        of families: [IPFamily]? = nil,
        keeping settingsKeeper: SettingsKeeper = SettingsKeeper([])
    ) -> NodeReconciler {
        NodeReconciler(
            table,
            settings.sync(families ?? self.families, gracefulTimeout: SyncSettings.defaultGracefulTimeout),
            settingsKeeper: settingsKeeper,
            clock: StillClock(at: .now),
            rules: { settings.rules(for: $0, podNetworks: node?.podCIDRs ?? []) }
        )
    }

    /// What is desired of each family.
    var desired: [IPFamily: DesiredState<ServicePortID>] {
        let reconciler = nodeReconciler()
        reconciler.planChanges(telling: PassReports())
        return Dictionary(uniqueKeysWithValues: reconciler.families.map { ($0.family, $0.reconciler.desired) })
    }
}
