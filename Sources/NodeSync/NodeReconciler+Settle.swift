// SPDX-License-Identifier: GPL-2.0-or-later
public import Reconcile

extension NodeReconciler {
    /// Makes steps, and keeps rules between them, until nothing is due any more. It is for owners with nothing else to
    /// wait for. The daemon keeps rules beside its steps.
    ///
    /// - Parameter noteStep: called after each step, and each time that rules have been kept.
    /// - Returns: when the next step is due; `nil` when nothing calls for one.
    @discardableResult
    public func settle(
        on dataplane: Dataplane,
        telling observer: some PassObserver,
        noteStep: () -> Void = {}
    ) async -> Instant? {
        while true {
            let step = await step(on: dataplane, telling: observer)
            noteStep()
            for var work in step.rules {
                let start = clock.now
                await work.run(on: dataplane.rules)
                takeBack(work, took: start.duration(to: clock.now))
                noteStep()
            }
            guard step.rules.isEmpty else { continue }
            switch step.next {
            case .atOnce: continue
            case .at(let instant): return instant
            case .whenTold: return nil
            }
        }
    }
}
