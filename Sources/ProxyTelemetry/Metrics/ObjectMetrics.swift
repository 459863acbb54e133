// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import KubernetesObjects
import ServicePlan
import Telemetry

/// What could not be used of objects, or not be planned.
public struct ObjectMetrics: Sendable {
    private let rejected: Counter
    private let omissions: Gauge

    init(_ registry: MetricRegistry, _ families: [IPFamily]) {
        rejected = registry.counter(
            "kubeipvs_objects_rejected_total",
            "Objects and parts of objects that could not be used",
            labels: ["kind", "reason"]
        )
        omissions = registry.gauge(
            "kubeipvs_plan_omissions",
            "Service ports that do not get all that their Service asks for",
            labels: ["ip_family", "reason"]
        )
    }

    /// To be called once for each new rejection, by whatever source it comes from.
    public func note(_ rejections: some Sequence<Rejection>) {
        for rejection in rejections {
            rejected.increment(rejection.kind, rejection.reason.rawValue)
        }
    }

    func noteOmissions(_ count: Int, _ omission: PlanOmission, _ family: IPFamily) {
        omissions.set(count, "\(family)", omission.label)
    }
}

extension PlanOmission {
    /// For metrics.
    var label: String {
        switch self {
        case .nodePort: "node_port"
        case .healthCheckNodePort: "health_check_node_port"
        case .externalIPs: "external_ips"
        case .vitalAddress: "vital_address"
        case .setting: "setting"
        }
    }
}
