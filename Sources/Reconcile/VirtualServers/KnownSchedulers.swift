// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel

/// The schedulers that Services ask for, as far as it is known whether the kernel has them.
public struct KnownSchedulers: Sendable {
    public typealias Instant = ContinuousClock.Instant

    /// A try that came to nothing, for another reason than that the kernel lacks the scheduler.
    private struct FailedTry {
        var next: Instant
        /// The delay before `next`.
        var delay: Duration

        init(after earlier: FailedTry?, at now: Instant) {
            delay = earlier.map { min($0.delay * 2, KnownSchedulers.retryInterval) } ?? KnownSchedulers.firstDelay
            next = now.advanced(by: delay)
        }
    }

    private var present: Set<Scheduler> = []
    public private(set) var missing: Set<Scheduler>
    private var nextRetry: Instant?
    /// Those of which the kernel could not be asked. They are taken to be there: a refusal would be reported.
    private var unanswered: [Scheduler: FailedTry] = [:]
    /// Set while the virtual server of a try may be there still, also where no Service asks for its scheduler any more.
    private var leftServer: FailedTry?

    /// The kernel looks for a module by each name that it does not know, and runs a program for it. Whoever may write Services must
    /// not have it look for thousands: of those that Linux never had, what is asked for beyond as many counts as missing.
    static var mostForeign: Int { 16 }
    /// An operator who has loaded a module need not do more. The kernel says in its log each time that it has found none.
    static var retryInterval: Duration { .seconds(300) }
    /// How long a try that failed is not made again. The delay doubles with each further failure, up to `retryInterval`.
    static var firstDelay: Duration { .seconds(1) }

    /// - Parameter missing: those of which it is known already.
    public init(missing: Set<Scheduler> = []) {
        self.missing = missing
    }

    /// When a try that failed is to be made again; `nil` where none has.
    public var nextTry: Instant? {
        unanswered.values.map(\.next).min() ?? leftServer?.next
    }

    /// Asks the kernel for those that are not known, and again from time to time for those that it lacked.
    ///
    /// - Parameter wanted: all that Services ask for. Others that are missing are forgotten.
    public mutating func learn(
        _ wanted: some Collection<Scheduler>,
        from ipvs: any IPVSDataplane,
        at now: Instant
    ) {
        guard !wanted.isEmpty || !missing.isEmpty || nextTry != nil else { return }
        let wanted = Set(wanted)
        missing.formIntersection(wanted)
        unanswered = unanswered.filter { wanted.contains($0.key) }
        let isRetry = nextRetry.map { $0 <= now } ?? false
        let waiting = unanswered.filter { $0.value.next > now }
        let known = present.union(isRetry ? [] : missing.subtracting(unanswered.keys)).union(waiting.keys)
        let unknown = wanted.subtracting(known)
        if unanswered.isEmpty { removeLeftServer(ipvs, now) }
        guard !unknown.isEmpty else { return }
        var foreign = isRetry ? 0 : missing.subtracting(Scheduler.ofLinux).count
        for scheduler in unknown.sorted(by: { $0.name < $1.name }) {
            if !Scheduler.ofLinux.contains(scheduler) {
                foreign += 1
                guard foreign <= Self.mostForeign else {
                    missing.insert(scheduler)
                    unanswered[scheduler] = nil
                    continue
                }
            }
            ask(scheduler, ipvs, now)
        }
        nextRetry = missing.isEmpty ? nil : now.advanced(by: Self.retryInterval)
    }

    private mutating func ask(_ scheduler: Scheduler, _ ipvs: any IPVSDataplane, _ now: Instant) {
        do throws(DataplaneError) {
            if try ipvs.has(scheduler) {
                present.insert(scheduler)
                missing.remove(scheduler)
            } else {
                missing.insert(scheduler)
            }
            unanswered[scheduler] = nil
            // Each try begins with the removal of what an earlier one has left.
            leftServer = nil
        } catch {
            unanswered[scheduler] = FailedTry(after: unanswered[scheduler], at: now)
            leftServer = leftServer ?? FailedTry(after: nil, at: now)
        }
    }

    private mutating func removeLeftServer(_ ipvs: any IPVSDataplane, _ now: Instant) {
        guard let left = leftServer, left.next <= now else { return }
        do throws(DataplaneError) {
            try SchedulerProbe.removeServer(on: ipvs)
            leftServer = nil
        } catch {
            leftServer = FailedTry(after: left, at: now)
        }
    }
}
