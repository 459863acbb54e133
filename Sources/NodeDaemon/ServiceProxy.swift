// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
import BlockingExecution
import DataplaneModel
package import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
package import Logging
import NodeStartup
import NodeStatus
import NodeSync
import ProxyTelemetry
package import Reconcile
import ServicePlan

/// Runs the node's passes: hands `NodeReconciler` what sources tell, makes its steps when they are due, and keeps rules beside
/// them.
///
/// It is an actor on a thread of its own, because kernel calls block and the kernel clients are not to be shared. Sources
/// hand it their updates; `run()` is the one task that makes steps, so two never overlap.
public actor ServiceProxy {
    let settings: EffectiveSettings
    private let dataplane: Dataplane
    let clock: any NodeClock
    let wakeup = Wakeup()
    private let executor = BlockingExecutor(label: "service-proxy")
    let reconciler: NodeReconciler
    let recorder: PassRecorder
    private let manager: ServiceManager
    private let dryRun: DryRun?
    private var watchdog: WatchdogPace

    var node: Node?
    var interfaceAddresses: Set<IPAddress>?
    var surroundings = NodeSurroundings()
    var sourceIsComplete = false

    /// Whether a step is under way, perhaps suspended, and who waits for its end.
    private var stepIsUnderWay = false
    private var waitingForStep: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - gracefulTimeout: the longest time that a removed TCP endpoint keeps its connections.
    ///   - families: the families that the node serves.
    ///   - dataplane: nobody else may use it from here on.
    ///   - settingsKeeper: what looks after the kernel's settings each sync period.
    ///   - virtualServerCounters: of how many virtual servers of each family the metrics have traffic counters.
    ///   - status: where the daemon notes its status; `nil` where nobody asks.
    ///   - isDryRun: whether the data plane is only read, and what differs in it is told.
    ///   - clock: what passes go by.
    ///   - manager: learns when the first pass is complete, and that the loop goes on.
    ///   - record: sends an event of a Service that does not get what it asks for, or of the Node.
    init(
        settings: EffectiveSettings,
        gracefulTimeout: Duration = SyncSettings.defaultGracefulTimeout,
        families: [IPFamily],
        dataplane: sending Dataplane,
        settingsKeeper: SettingsKeeper,
        metrics: ProxyMetrics,
        health: HealthBoard,
        healthCheckPorts: HealthCheckPorts,
        virtualServerCounters: Int = 0,
        status: StatusBoard? = nil,
        isDryRun: Bool = false,
        clock: any NodeClock = ContinuousClock(),
        manager: ServiceManager = ServiceManager { _ in nil },
        logger: Logger,
        record: @escaping @Sendable (ClusterEvent) -> Void = { _ in }
    ) {
        self.settings = settings
        self.dataplane = dataplane
        dryRun = isDryRun ? DryRun(of: dataplane) : nil
        self.clock = clock
        self.manager = manager
        watchdog = WatchdogPace(limit: manager.watchdogLimit)
        let instruments = ProxyInstruments(
            metrics: metrics,
            health: health,
            families: families,
            virtualServerLimit: virtualServerCounters
        )
        recorder = PassRecorder(
            families: families,
            instruments: instruments,
            settings: SettingLog(
                settingsKeeper,
                nodeName: settings.nodeName,
                metrics: metrics.settings,
                health: health,
                logger: logger,
                record: record
            ),
            healthCheckPorts: healthCheckPorts,
            status: status,
            dryRun: dryRun,
            differences: isDryRun
                ? DifferenceLog(metrics: metrics.dryRun, health: health, logger: logger) : nil,
            logger: logger,
            nodeName: settings.nodeName,
            record: record
        )
        var sync = settings.sync(families, gracefulTimeout: gracefulTimeout)
        sync.collectsStatistics = instruments.wantsStatistics
        reconciler = NodeReconciler(
            ServiceTable(
                facts: NodeFacts(name: settings.nodeName), configuration: settings.plan, families: Set(families)),
            sync,
            settingsKeeper: settingsKeeper,
            clock: clock,
            rules: { settings.rules(for: $0, podNetworks: []) }
        )
    }

    /// A proxy of which nobody is told: without servers, and without the kernel's settings. For measurements.
    package init(
        settings: EffectiveSettings,
        families: [IPFamily],
        dataplane: sending Dataplane,
        logger: Logger
    ) {
        let health = HealthBoard(families: families, timeout: settings.syncPeriod * 2, needsNode: false)
        self.init(
            settings: settings,
            families: families,
            dataplane: dataplane,
            settingsKeeper: SettingsKeeper([]),
            metrics: ProxyMetrics(families: families, build: BuildFacts(version: "")),
            health: health,
            healthCheckPorts: HealthCheckPorts(health: health, logger: logger),
            logger: logger
        )
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    // MARK: Passes

    /// Makes passes as they fall due, until the task is cancelled. The kernel's state then stays as it is.
    public func run() async {
        await withDiscardingTaskGroup { rules in
            await makePasses(keepingRulesIn: &rules)
            rules.cancelAll()
        }
    }

    private func makePasses(keepingRulesIn rules: inout DiscardingTaskGroup) async {
        while !Task.isCancelled {
            if watchdog.isDue(at: clock.now) { manager.noteAlive() }
            guard sourceIsComplete, interfaceAddresses != nil else {
                await getAhead(keepingRulesIn: &rules)
                continue
            }
            stepIsUnderWay = true
            let step = await reconciler.step(on: dryRun?.dataplane ?? dataplane, telling: recorder)
            stepIsUnderWay = false
            lookAgain()
            waitingForStep.forEach { $0.resume() }
            waitingForStep = []
            for work in step.rules {
                rules.addTask { await self.keepRules(work) }
            }
            if recorder.hasCompletedFirstPass { manager.noteReady() }
            switch step.next {
            case .atOnce:
                // Lets those in who wait to hand over what has changed: it is written before the next step.
                await Task.yield()
            case .at(let instant): await wait(until: instant)
            case .whenTold: await wait(until: nil)
            }
        }
    }

    /// Makes a dry run ready for the next step, and has it look sooner at what has just been found.
    private func lookAgain() {
        guard let dryRun else { return }
        dryRun.stepEnded()
        guard !reconciler.isVerifying else { return }
        dryRun.renew()
        if dryRun.takeWish() { reconciler.verifySoon(after: min(DryRun.patience, settings.syncPeriod)) }
    }

    /// Waits for something to be handed over, or for that instant, or for the watchdog's.
    private func wait(until instant: ContinuousClock.Instant?) async {
        guard let end = [instant, watchdog.next(after: clock.now)].compactMap(\.self).min() else {
            return await wakeup.wait()
        }
        await wakeup.wait(until: end, clock: clock)
    }

    /// Does what needs no objects, while these are on their way. Then waits for them.
    private func getAhead(keepingRulesIn rules: inout DiscardingTaskGroup) async {
        let step = reconciler.getAhead(on: dryRun?.dataplane ?? dataplane, writesRules: rulesAreSettled)
        dryRun?.stepEnded()
        for work in step.rules {
            rules.addTask { await self.keepRules(work) }
        }
        if step.next == .atOnce { await Task.yield() } else { await wait(until: nil) }
    }

    /// Whether what the rules depend on is known: the pods' networks come with the Node.
    private var rulesAreSettled: Bool {
        settings.detectLocalMode != .nodeCIDR || node?.podCIDRs.isEmpty == false
    }

    /// Waits until the families' reconcilers may be read: not while a step is suspended.
    func waitForStep() async {
        while stepIsUnderWay {
            await withCheckedContinuation { waitingForStep.append($0) }
        }
    }

    /// Keeps rules with programs, for which no step waits.
    private func keepRules(_ work: RulesWork) async {
        var work = work
        let start = clock.now
        await work.run(on: (dryRun?.dataplane ?? dataplane).rules)
        // A cancelled task means that the daemon is about to end, and has stopped the program.
        guard !Task.isCancelled else { return }
        reconciler.takeBack(work, took: start.duration(to: clock.now))
        wakeup.signal()
    }
}
