// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
package import KubernetesHTTP
import KubernetesObjects
package import Logging
package import ServicePlan

/// Tells of Services whose settings this node cannot carry out, and of those that have an address of the node: in the log, and by
/// events of those Services. Each once when it comes to that, and of settings once more when it is over.
package struct ServiceRemarks {
    private let logger: Logger
    private let record: @Sendable (ClusterEvent) -> Void
    private var refusals = FindingsByService<SettingRefusal>()
    private var addresses = FindingsByService<OwnAddress>()
    private var lines = 0

    /// Lines and events for the Services of one pass: a thousand Services with one mistake make no thousand lines.
    private static var limit: Int { 20 }

    package init(logger: Logger, record: @escaping @Sendable (ClusterEvent) -> Void) {
        self.logger = logger
        self.record = record
    }

    /// Service ports are about to be planned.
    package mutating func beginPlanning() {
        lines = 0
    }

    /// - Parameter observations: what planning a Service port has found out.
    package mutating func note(_ observations: PlanObservations, of id: ServicePortID, _ family: IPFamily) {
        switch refusals.note(observations.settingRefusals, of: id, family) {
        case .new(let new): tell(of: new, id.service)
        case .over:
            logger.info("all settings of a Service are carried out", metadata: ["service": "\(id.service)"])
        case nil: break
        }
        if case .new(let new) = addresses.note(observations.ownAddresses, of: id, family) {
            tell(of: new, id.service)
        }
    }

    private mutating func tell(of new: [SettingRefusal], _ service: ObjectName) {
        guard takesLine("more Services have settings that cannot be carried out; `kube-ipvs explain` names them") else {
            return
        }
        let note = new.map(\.description).joined(separator: "; ")
        logger.warning(
            "a setting of a Service cannot be carried out",
            metadata: ["service": "\(service)", "refused": "\(note)"]
        )
        record(event(.warning, "SettingRefused", service, note))
    }

    private mutating func tell(of new: [OwnAddress], _ service: ObjectName) {
        guard takesLine("more Services have addresses of this node; `kube-ipvs explain` names them") else { return }
        let note = new.map(\.description).joined(separator: "; ")
        let isWrong = new.contains { $0.kind == .clusterIP }
        logger.log(
            level: isWrong ? .warning : .info,
            "a virtual IP is an address of this node",
            metadata: ["service": "\(service)", "addresses": "\(note)"]
        )
        record(event(isWrong ? .warning : .normal, "AddressOfNode", service, note))
    }

    private mutating func takesLine(_ more: Logger.Message) -> Bool {
        lines += 1
        if lines == Self.limit + 1 { logger.warning(more) }
        return lines <= Self.limit
    }

    private func event(
        _ severity: ClusterEvent.Severity,
        _ reason: String,
        _ service: ObjectName,
        _ note: String
    ) -> ClusterEvent {
        ClusterEvent(
            severity,
            reason: reason,
            action: "SyncVirtualServers",
            regarding: .service(namespace: service.namespace, name: service.name),
            note: note
        )
    }
}
