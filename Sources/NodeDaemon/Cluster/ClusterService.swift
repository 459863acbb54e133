// SPDX-License-Identifier: GPL-2.0-or-later
import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
import KubernetesWatch
import Logging
import NodeStartup
import NodeStatus
import ProxyTelemetry
import ServiceLifecycle
import ServicePlan

/// Hands the objects of an API server to the proxy, as they change.
struct ClusterService: ServiceLifecycle.Service {
    let client: ClusterClient
    let settings: EffectiveSettings
    let proxy: ServiceProxy
    let metrics: ProxyMetrics
    let status: StatusBoard
    let logger: Logger
    /// Sends an event of an object of which a part cannot be used.
    let record: @Sendable (ClusterEvent) -> Void

    private let progress: SourceProgress

    /// How many updates are handed over together at most.
    private static var mostTogether: Int { 256 }

    /// How long the own Node is waited for before rules are written without it, as kube-proxy does.
    static var nodePatience: Duration { .seconds(30) }
    /// How long it is waited for where its `podCIDRs` tell local traffic. kube-proxy does not start without them either.
    static var podCIDRPatience: Duration { .seconds(300) }

    init(
        client: ClusterClient,
        settings: EffectiveSettings,
        proxy: ServiceProxy,
        metrics: ProxyMetrics,
        status: StatusBoard,
        logger: Logger,
        record: @escaping @Sendable (ClusterEvent) -> Void = { _ in }
    ) {
        self.client = client
        self.settings = settings
        self.proxy = proxy
        self.metrics = metrics
        self.status = status
        self.logger = logger
        self.record = record
        progress = SourceProgress()
    }

    /// - Throws: `StartError` when the Node's `podCIDRs` are needed and do not come.
    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withThrowingDiscardingTaskGroup { group in
                // The longest list is asked for first: the others come while it is decoded.
                group.addTask { await followEndpointSlices() }
                group.addTask { await followServices() }
                group.addTask { await followNode() }
                group.addTask { try await limitWaitForNode() }
            }
        }
    }

    private func followServices() async {
        await follow(client.services, .services) { changes in
            await proxy.apply(
                changes.applied.compactMap(\.object).map(ObjectUpdate.service)
                    + changes.removed.map(ObjectUpdate.serviceRemoved)
            )
        }
    }

    private func followEndpointSlices() async {
        await follow(client.endpointSlices, .endpointSlices) { changes in
            await proxy.apply(
                changes.applied.compactMap(\.object).map(ObjectUpdate.slice)
                    + changes.removed.map(ObjectUpdate.sliceRemoved),
                triggers: changes.applied.compactMap { observed in
                    observed.object.flatMap { slice in
                        observed.lastChangeTriggerTime.flatMap { ChangeTrigger(slice, time: $0) }
                    }
                }
            )
        }
    }

    private func follow<Object>(
        _ source: ResourceListWatch<HTTPTransport, Object>,
        _ kind: WatchedKind,
        hand: (ObjectStore<Object>.Changes) async -> Void
    ) async {
        var store = ObjectStore<Object>()
        var updates = reflector(source, kind).makeAsyncIterator()
        while let update = await updates.next() {
            var changes = store.apply(update)
            var isList = update.isList
            // What has arrived together is handed over together. A list goes by itself: each further change would look through all
            // of it.
            for _ in 1..<Self.mostTogether where !isList {
                guard let update = updates.nextReady() else { break }
                isList = update.isList
                changes.append(store.apply(update))
            }
            note(changes, of: kind)
            if !changes.applied.isEmpty || !changes.removed.isEmpty {
                await hand(changes)
            }
            if store.hasSynced {
                await note(kind)
            }
        }
    }

    private func followNode() async {
        var store = ObjectStore<Node>()
        for await update in reflector(client.node(named: settings.nodeName), .node) {
            let changes = store.apply(update)
            note(changes, of: .node)
            if let node = changes.applied.compactMap(\.object).last(where: { $0.name == settings.nodeName }) {
                await proxy.replaceNode(node)
                if settings.detectLocalMode != .nodeCIDR || !node.podCIDRs.isEmpty {
                    await note(.node)
                }
            } else if !changes.removed.isEmpty {
                // kube-proxy keeps the last Node it saw too: a node does not lose its zone because its object went.
                logger.warning(
                    "the own Node was deleted; its last version stays in use",
                    metadata: ["node": "\(settings.nodeName)"]
                )
            }
        }
    }

    private func limitWaitForNode() async throws {
        let needsPodCIDRs = settings.detectLocalMode == .nodeCIDR
        let patience = needsPodCIDRs ? Self.podCIDRPatience : Self.nodePatience
        do {
            try await Task.sleep(for: patience)
        } catch {
            return  // The daemon ends.
        }
        guard !progress.has(.node) else { return }
        if needsPodCIDRs {
            throw StartError(
                "Node \(settings.nodeName) has had no spec.podCIDRs for \(patience); detectLocalMode NodeCIDR needs them"
            )
        }
        logger.warning(
            "the own Node is not there; going on without its addresses and its zone",
            metadata: ["node": "\(settings.nodeName)", "waited": "\(patience)"]
        )
        await note(.node)
    }

    private func reflector<Object>(
        _ source: ResourceListWatch<HTTPTransport, Object>,
        _ kind: WatchedKind
    ) -> Reflector<ResourceListWatch<HTTPTransport, Object>, ContinuousClock> {
        let log = ReflectorLog(kind, logger: logger)
        let metrics = metrics.api
        let status = status
        return Reflector(source: source, clock: ContinuousClock(), backoff: client.backoff) { event in
            log.note(event)
            metrics.note(event, of: kind.rawValue)
            status.note(event, of: kind.rawValue)
        }
    }

    private func note(_ kind: WatchedKind) async {
        if progress.completes(with: kind) {
            await proxy.sourceCompleted()
        }
    }

    /// - Parameter slices: those that came with them.
    /// Tells of an update, and of what was left out of objects in it.
    private func note<Object: WatchableObject>(_ changes: ObjectStore<Object>.Changes, of kind: WatchedKind) {
        let rejections = changes.rejections
        status.noteWatch(kind.rawValue, nil, at: .now)
        status.note(rejections, settled: changes.settled, kind: Object.kind.rawValue, at: .now)
        guard !rejections.isEmpty else { return }
        metrics.objects.note(rejections)
        for rejection in rejections {
            logger.warning("a part of an object cannot be used", metadata: ["rejection": "\(rejection)"])
        }
        var services = Dictionary(
            rejections.lazy.filter { $0.kind == KubernetesObject.Kind.endpointSlice.rawValue }
                .map { ($0.object, ObjectName?.none) }, uniquingKeysWith: { first, _ in first })
        let slices = changes.applied.lazy.compactMap { $0.object as? EndpointSlice }
        for slice in slices where services[slice.name] != nil { services[slice.name] = slice.service }
        for event in RejectionEvents.events(for: rejections, serviceOfSlice: { services[$0] ?? nil }) { record(event) }
    }
}

extension StatusBoard {
    fileprivate func note(_ event: ReflectorEvent, of resource: String) {
        switch event {
        case .listed: noteWatch(resource, nil, at: .now)
        case .watching, .watchEnded: noteWatch(resource, .watching, at: .now)
        case .failed(let error, _, _): noteWatch(resource, .failed, error: "\(error)", at: .now)
        }
    }
}

extension ResourceUpdate {
    fileprivate var isList: Bool { if case .replaced = self { true } else { false } }
}
