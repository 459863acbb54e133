import HTTPSurfaces
import KubernetesHTTP
import KubernetesObjects

extension ClusterEvent {
    /// As kube-proxy tells of a health-check node port that cannot be opened.
    static func failedHealthCheck(of service: ObjectName, on node: String, _ error: ListenError) -> ClusterEvent {
        ClusterEvent(
            .warning,
            reason: "FailedToStartServiceHealthcheck",
            action: "Listen",
            regarding: .service(namespace: service.namespace, name: service.name),
            note: "node \(node) failed to start healthcheck \"\(service)\" on port \(error.address.port): \(error)"
        )
    }
}
