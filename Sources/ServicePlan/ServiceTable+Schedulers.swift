// SPDX-License-Identifier: GPL-2.0-or-later
public import DataplaneModel
import KubernetesObjects

/// Which schedulers Services ask for, and which of them the kernel lacks.
extension ServiceTable {
    /// The schedulers that Services ask for by an annotation, in no particular order.
    public var wantedSchedulers: some Collection<Scheduler> { askedSchedulers.keys }

    /// Takes over which schedulers the kernel lacks, and marks the ports of the Services that ask for one of those, or did not get
    /// one that is there now. This looks at every Service, which is what a rare event may cost.
    ///
    /// - Returns: whether they are others than before.
    @discardableResult
    public mutating func replaceMissingSchedulers(_ missing: Set<Scheduler>) -> Bool {
        let changed = basis.missingSchedulers.symmetricDifference(missing)
        guard !changed.isEmpty else { return false }
        basis = PlanBasis(
            facts: basis.facts, configuration: basis.configuration, apiServerEndpoints: basis.apiServerEndpoints,
            missingSchedulers: missing)
        for place in entries.indices {
            guard let service = entries[place].service, let wanted = service.wantedScheduler,
                changed.contains(wanted)
            else { continue }
            markDirty(service.ports.indices, at: place)
        }
        return true
    }

    mutating func countSchedulers(of service: Service, by step: Int) {
        guard let wanted = service.wantedScheduler else { return }
        let count = askedSchedulers[wanted, default: 0] + step
        askedSchedulers[wanted] = count == 0 ? nil : count
    }
}

extension Service {
    fileprivate var wantedScheduler: Scheduler? {
        settings.isEmpty ? nil : settings.scheduler.flatMap { Scheduler($0) }
    }
}
