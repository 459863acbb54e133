package import Addressing
import BlockingExecution
import DataplaneKernel
import DataplaneModel
package import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
package import Logging
package import Reconcile
import ServicePlan

/// Turns the newest objects into the kernel's state, pass by pass.
///
/// It is an actor on a thread of its own, because kernel calls block and the kernel clients are not to be shared. Sources
/// hand it their updates; `run()` is the one task that makes passes, so two never overlap.
public actor ServiceProxy {
    let settings: EffectiveSettings
    private let gracefulTimeout: Duration
    private let families: [IPFamily]
    private let dataplane: Dataplane
    private let settingsKeeper: SettingsKeeper
    let clock = ContinuousClock()
    let wakeup = Wakeup()
    private let executor = BlockingExecutor(label: "service-proxy")

    var table: ServiceTable
    private var statuses = ServiceStatusTable()
    var node: Node?
    var interfaceAddresses: Set<IPAddress>?
    var surroundings = NodeSurroundings()
    var sourceIsComplete = false
    /// Whether a pass has left Service ports for the next one to plan.
    private var isLeftToPlan = false
    /// Whether the rules depend on something that is not what it was when they were last configured.
    var rulesHaveChanged = false
    /// What there was word of since the last look at it.
    var dummyLinkEvents = AddressEvents()
    var planes: [Plane] = []
    private var log: PassLog
    private var claims: ClaimLog
    var instruments: ProxyInstruments
    private let healthCheckPorts: HealthCheckPorts
    /// The families whose health-check node ports are not yet as the Services have them.
    private var changedHealthChecks: Set<IPFamily> = []
    private var healthCheckAddresses: [IPFamily: [IPAddress]] = [:]

    /// The longest time that a removed TCP endpoint keeps its connections, unless it is set: the kernel's own limit for
    /// established connections without traffic. Whatever still lives after it is not idle.
    public static var defaultGracefulTimeout: Duration { .seconds(900) }

    /// - Parameters:
    ///   - gracefulTimeout: the longest time that a removed TCP endpoint keeps its connections.
    ///   - families: the families that the node serves.
    ///   - dataplane: nobody else may use it from here on.
    ///   - settingsKeeper: what looks after the kernel's settings each sync period.
    ///   - virtualServerCounters: of how many virtual servers of each family the metrics have traffic counters.
    ///   - onClaimLost: has a Service told that it does not get what it asks for.
    init(
        settings: EffectiveSettings,
        gracefulTimeout: Duration = defaultGracefulTimeout,
        families: [IPFamily],
        dataplane: sending Dataplane,
        settingsKeeper: SettingsKeeper,
        metrics: ProxyMetrics,
        health: HealthBoard,
        healthCheckPorts: HealthCheckPorts,
        virtualServerCounters: Int = 0,
        logger: Logger,
        onClaimLost: @escaping @Sendable (ClusterEvent) -> Void = { _ in }
    ) {
        self.settings = settings
        self.gracefulTimeout = gracefulTimeout
        self.families = families
        self.dataplane = dataplane
        self.settingsKeeper = settingsKeeper
        table = ServiceTable(
            facts: NodeFacts(name: settings.nodeName),
            configuration: settings.plan,
            families: Set(families)
        )
        log = PassLog(families: families, settingFailures: settingsKeeper.failuresAtStart, logger: logger)
        claims = ClaimLog(logger: logger, record: onClaimLost)
        instruments = ProxyInstruments(
            metrics: metrics,
            health: health,
            families: families,
            virtualServerLimit: virtualServerCounters
        )
        self.healthCheckPorts = healthCheckPorts
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
            guard sourceIsComplete, interfaceAddresses != nil else {
                await wakeup.wait()
                continue
            }
            if planes.isEmpty {
                startPlanes()
            }
            let now = clock.now
            lookAtDummyLink(now)
            // One step of verifying after each pass, so that changes without end do not keep it from ending.
            takeKeptRules()
            let hasWritten = writeChanges(now)
            beginVerifying(now)
            let hasVerified = await verifyFurther()
            beginRules(now, in: &rules)
            if hasVerified || hasWritten || isLeftToPlan {
                // Lets those in who wait to hand over what has changed: it is written before the next step.
                await Task.yield()
            } else if let next = planes.compactMap({ $0.nextPass(after: now) }).min() {
                await wakeup.wait(until: next, clock: clock)
            } else {
                await wakeup.wait()
            }
        }
    }

    private func startPlanes() {
        let now = clock.now
        planes = families.map { family in
            var reconciler = FamilyReconciler<ServicePortID>(
                family: family,
                excludedNetworks: settings.excludedNetworks,
                ruleConfiguration: ruleConfiguration(of: family),
                gracefulTimeout: gracefulTimeout
            )
            reconciler.collectsStatistics = instruments.wantsStatistics
            return Plane(
                reconciler: reconciler,
                schedule: SyncSchedule(
                    minimum: settings.minSyncPeriod,
                    period: settings.syncPeriod,
                    now: now
                )
            )
        }
    }

    /// Has addresses mended that somebody else removed or added, sooner than the next verifying pass would.
    private func lookAtDummyLink(_ now: ContinuousClock.Instant) {
        guard !dummyLinkEvents.isEmpty else { return }
        for plane in planes where plane.reconciler.suspectAddresses(dummyLinkEvents) {
            plane.schedule.noteChange(at: now)
        }
        dummyLinkEvents = AddressEvents()
    }

    private func configureRules() {
        guard rulesHaveChanged else { return }
        rulesHaveChanged = false
        for plane in planes {
            plane.reconciler.replaceRuleConfiguration(ruleConfiguration(of: plane.reconciler.family))
        }
    }

    private func ruleConfiguration(of family: IPFamily) -> RuleConfiguration {
        settings.rules(for: family, podNetworks: node?.podCIDRs ?? [])
    }

    /// Of Services with very many ports a pass plans no more than these: some 10 ms. The next one, at once, plans the rest.
    private static var portsPlannedAtOnce: Int { 2048 }

    private func planDirtyPorts() {
        for plane in planes {
            plane.reconciler.expect(owners: table.dirtyCount)
        }
        claims.beginPlanning()
        // Before the families serve there are no Services that a large one could delay.
        let limit = planes.allSatisfy(\.hasVerified) ? Self.portsPlannedAtOnce : .max
        table.planDirty(in: families, atMost: limit) { id, family, contribution, observations in
            guard let plane = planes.first(where: { $0.family == family }) else { return }
            if statuses.record(observations, of: id, in: family) {
                changedHealthChecks.insert(family)
            }
            log.noteOmissions(observations.omissions, of: id, family)
            claims.note(observations.concerns, of: id, family)
            plane.reconciler.replaceContribution(of: id, with: contribution)
        }
        instruments.notePlanned(statuses, isAll: !table.hasDirty)
    }

    /// Makes the passes of mode `changes` that are due.
    ///
    /// - Returns: whether there were any.
    private func writeChanges(_ now: ContinuousClock.Instant) -> Bool {
        let due = planes.filter { $0.changesAreDue(at: now) || isLeftToPlan && $0.reconciler.takesChanges }
        guard !due.isEmpty else { return false }
        takeChanges(for: due, now)
        for plane in due {
            // The ports come after the pass: a load balancer is told of a node that serves.
            defer { if plane.hasVerified { openHealthCheckPorts(plane.family) } }
            guard plane.reconciler.hasWork(at: now) else {
                instruments.notePassSkipped(plane.family, at: clock.now)
                continue
            }
            let start = clock.now
            let report = plane.reconciler.writeChanges(at: now, on: dataplane)
            noteEnd(of: plane, report, took: clock.now - start)
        }
        return true
    }

    /// Begins the verifying passes that are due. The first one of a family also takes up what is to be written.
    private func beginVerifying(_ now: ContinuousClock.Instant) {
        let due = planes.filter { $0.verifyIsDue(at: now) }
        guard !due.isEmpty else { return }
        takeChanges(for: due.filter { !$0.hasVerified }, now)
        let listing = VirtualServerListing(keepsStatistics: instruments.wantsStatistics)
        for plane in due {
            plane.beginVerifying(sharing: listing, at: now)
        }
    }

    /// Goes one step further in the verifying passes that are under way.
    ///
    /// - Returns: whether there was any that could go further.
    private func verifyFurther() async -> Bool {
        guard let plane = planes.first(where: \.canVerifyFurther) else { return false }
        guard let (report, began, duration) = await plane.continueVerifying(on: dataplane, clock) else { return true }
        instruments.noteVerifyEnded(plane.family, began: began)
        var complete = report
        if plane.family == families.first, let settings = dataplane.settings {
            complete.add(settingsKeeper.keep(on: settings))
        }
        noteEnd(of: plane, complete, took: duration)
        openHealthCheckPorts(plane.family)
        return true
    }

    /// Begins the keeping of rules that is due. It runs programs, which passes do not wait for.
    private func beginRules(_ now: ContinuousClock.Instant, in group: inout DiscardingTaskGroup) {
        for plane in planes {
            guard let work = plane.reconciler.beginRules(at: now) else { continue }
            group.addTask { await self.keepRules(work) }
        }
    }

    private func keepRules(_ work: RulesWork) async {
        var work = work
        let start = clock.now
        await work.run(on: dataplane.rules)
        // The daemon is about to end, and has stopped the program.
        guard !Task.isCancelled, let plane = planes.first(where: { $0.family == work.family }) else { return }
        plane.keptRules = (work, clock.now - start)
        wakeup.signal()
    }

    private func takeKeptRules() {
        for plane in planes {
            guard let (work, duration) = plane.keptRules.take() else { continue }
            let now = clock.now
            let report = plane.reconciler.endRules(work, at: now)
            instruments.noteRules(report, at: now)
            log.note(report, took: duration)
        }
    }

    /// Plans what has changed. What changes from here on is for the next pass.
    private func takeChanges(for planes: [Plane], _ now: ContinuousClock.Instant) {
        guard !planes.isEmpty else { return }
        configureRules()
        planDirtyPorts()
        isLeftToPlan = table.hasDirty
        for plane in planes {
            plane.schedule.changesTaken()
            instruments.notePassStarted(plane.family, at: now)
        }
    }

    private func noteEnd(of plane: Plane, _ report: PassReport, took duration: Duration) {
        let end = clock.now
        let hasFailed = !report.failures.isEmpty || report.contradictsMirror
        plane.schedule.passEnded(report.mode, hasFailed: hasFailed, at: end)
        let isWhole = !plane.reconciler.hasMore && !isLeftToPlan
        instruments.notePassEnded(report, took: duration, at: end, isWhole: isWhole, plane.reconciler)
        log.note(report, took: duration)
        claims.note(plane.reconciler.takeChangedContests())
    }

    private func openHealthCheckPorts(_ family: IPFamily) {
        let addresses = HealthCheckPorts.addresses(family, table.basis)
        if changedHealthChecks.remove(family) != nil || healthCheckAddresses[family] != addresses {
            healthCheckAddresses[family] = addresses
            healthCheckPorts.replace(family, statuses.healthChecks(family), on: addresses)
        } else {
            healthCheckPorts.retry()
        }
    }
}
