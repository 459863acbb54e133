// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel

/// The schedulers that Services ask for, as far as it is known whether the kernel has them.
public struct KnownSchedulers: Sendable {
    public typealias Instant = ContinuousClock.Instant

    private var present: Set<Scheduler> = []
    public private(set) var missing: Set<Scheduler>
    private var nextRetry: Instant?

    /// The kernel looks for a module by each name that it does not know, and runs a program for it. Whoever may write Services must
    /// not have it look for thousands: of those that Linux never had, what is asked for beyond as many counts as missing.
    static var mostForeign: Int { 16 }
    /// An operator who has loaded a module need not do more. The kernel says in its log each time that it has found none.
    static var retryInterval: Duration { .seconds(300) }

    /// - Parameter missing: those of which it is known already.
    public init(missing: Set<Scheduler> = []) {
        self.missing = missing
    }

    /// Asks the kernel for those that are not known, and again from time to time for those that it lacked.
    ///
    /// - Parameter wanted: all that Services ask for. Others that are missing are forgotten.
    public mutating func learn(
        _ wanted: some Collection<Scheduler>,
        from ipvs: any IPVSDataplane,
        at now: Instant
    ) {
        guard !wanted.isEmpty || !missing.isEmpty else { return }
        let wanted = Set(wanted)
        missing.formIntersection(wanted)
        let isRetry = nextRetry.map { $0 <= now } ?? false
        let unknown = wanted.subtracting(present).subtracting(isRetry ? [] : missing)
        guard !unknown.isEmpty else { return }
        var foreign = isRetry ? 0 : missing.subtracting(Scheduler.ofLinux).count
        for scheduler in unknown.sorted(by: { $0.name < $1.name }) {
            if !Scheduler.ofLinux.contains(scheduler) {
                foreign += 1
                guard foreign <= Self.mostForeign else {
                    missing.insert(scheduler)
                    continue
                }
            }
            ask(scheduler, ipvs)
        }
        nextRetry = missing.isEmpty ? nil : now.advanced(by: Self.retryInterval)
    }

    private mutating func ask(_ scheduler: Scheduler, _ ipvs: any IPVSDataplane) {
        do throws(DataplaneError) {
            if try ipvs.has(scheduler) {
                present.insert(scheduler)
                missing.remove(scheduler)
            } else {
                missing.insert(scheduler)
            }
        } catch {
            // The next step asks again. Until then it is taken to be there: a refusal would be reported.
        }
    }
}
