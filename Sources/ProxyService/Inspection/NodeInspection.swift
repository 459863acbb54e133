import Addressing
import DataplaneKernel
import DataplaneModel
public import KubeProxyConfig
public import KubernetesObjects
public import Logging
import NodeSync
import Reconcile
import ServicePlan

/// What a daemon with these settings would make of this node now, without a daemon and without writing anything.
public struct NodeInspection {
    let settings: EffectiveSettings
    let families: [IPFamily]
    let table: ServiceTable
    let node: Node?
    private let rejections: [Rejection]

    /// Reads all objects of the source, and the addresses of this node.
    ///
    /// - Parameter readsAllNodes: whether the API server is asked for all Nodes and not for the own one alone, which a daemon does
    ///   not do: a cluster may have thousands.
    /// - Throws: `StartError` when the source or the addresses cannot be read.
    public init(
        settings: EffectiveSettings,
        source: ObjectSource,
        readsAllNodes: Bool = false,
        version: String,
        logger: Logger
    ) async throws {
        var objects = try await ObjectSnapshot(
            of: source, settings: settings, readsAllNodes: readsAllNodes, version: version, logger: logger)
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
        self.table = table
    }

    // MARK: explain

    /// Why this node does with a Service what it does, and what the kernel has of it, line by line.
    ///
    /// - Parameter port: a port's name or number; `nil` for all ports.
    /// - Returns: `nil` when there is no such Service, or no such port.
    public func explanation(of name: ObjectName, port: String?) -> [String]? {
        explanation(of: name, port: port, on: KernelView.open())
    }

    func explanation(of name: ObjectName, port: String?, on kernel: KernelView) -> [String]? {
        guard var explanation = table.explanation(of: name) else { return nil }
        if let port {
            let chosen = explanation.service.ports.filter { $0.name == port || "\($0.port)" == port }
            guard !chosen.isEmpty else { return nil }
            explanation.ports.removeAll { part in
                !chosen.contains { $0.name == part.id.port && $0.transport == part.id.transport }
            }
        }
        let slices = Set(table.slices(of: name).map(\.name))
        let notes = rejections.filter { rejection in
            rejection.kind == "Service" && rejection.object == name
                || rejection.kind == "EndpointSlice" && slices.contains(rejection.object)
        }
        // Who has a virtual server is decided among all Services.
        let desired = desired
        return explanation.lines { virtualIP in
            let state = desired[virtualIP.id.family]
            let planned = state?[virtualIP.id].map {
                VirtualServer(id: virtualIP.id, configuration: $0.configuration, realServers: $0.realServers)
            }
            let contest = state?.contest(over: virtualIP.id)
            return (contest.map { Self.lines(about: $0, virtualIP, of: name) } ?? [])
                + kernel.lines(about: virtualIP.id, planned: planned)
        } + notes.map { "rejected: \($0)" } + kernel.notes
    }

    /// Who else wants a virtual IP of the Service, and who has it.
    private static func lines(
        about contest: Contest<ServicePortID>,
        _ virtualIP: VirtualIP,
        of service: ObjectName
    ) -> [String] {
        guard let holder = contest.holder else { return [] }
        guard holder.owner.service == service, holder.claim == virtualIP.kind.claim else {
            return ["taken by \(holder.words): \(service) gets nothing of it"]
        }
        let others = contest.others.prefix(5).map(\.words).joined(separator: ", ")
        let more = contest.others.count > 5 ? " and \(contest.others.count - 5) more" : ""
        return ["wanted too, and not given to \(others)\(more)"]
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
            settings.sync(families ?? self.families, gracefulTimeout: ServiceProxy.defaultGracefulTimeout),
            settingsKeeper: settingsKeeper,
            clock: StillClock(at: .now),
            rules: { settings.rules(for: $0, podNetworks: node?.podCIDRs ?? []) }
        )
    }

    /// What is desired of each family.
    private var desired: [IPFamily: DesiredState<ServicePortID>] {
        let reconciler = nodeReconciler()
        reconciler.planChanges(telling: PassReports())
        return Dictionary(uniqueKeysWithValues: reconciler.families.map { ($0.family, $0.reconciler.desired) })
    }
}
