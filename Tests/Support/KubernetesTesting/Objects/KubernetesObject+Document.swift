// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
package import KubernetesObjects

extension KubernetesObject {
    /// The object as the API server has it.
    package var document: DocumentNode {
        switch self {
        case .service(let service): service.document
        case .endpointSlice(let slice): slice.document
        case .node(let node): node.document
        }
    }
}

extension ObjectName {
    fileprivate func metadata(labels: DocumentNode? = nil, creationTimestamp: String? = nil) -> DocumentNode {
        .fields([
            "name": .text(name),
            "namespace": namespace.isEmpty ? nil : .text(namespace),
            "labels": labels,
            "creationTimestamp": creationTimestamp.map { .text($0) },
        ])
    }
}

extension Service {
    /// As RFC 3339 has it; here within the first day of 1970, which is enough to tell older from younger.
    private static func time(_ seconds: Int64) -> String {
        let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return "1970-01-01T\(parts.joined(separator: ":"))Z"
    }

    fileprivate var document: DocumentNode {
        let type =
            switch kind {
            case .clusterIP: "ClusterIP"
            case .nodePort: "NodePort"
            case .loadBalancer: "LoadBalancer"
            case .externalName: "ExternalName"
            }
        let ports = ports.map { port in
            DocumentNode.fields([
                "name": port.name.isEmpty ? nil : .text(port.name),
                "protocol": .text(port.transport.description),
                "port": .number(port.port),
                "nodePort": port.nodePort == 0 ? nil : .number(port.nodePort),
            ])
        }
        let affinity = clientAffinityTimeout.map { seconds in
            DocumentNode.fields(["clientIP": .fields(["timeoutSeconds": .number(seconds)])])
        }
        let spec = DocumentNode.fields([
            "type": .text(type),
            "clusterIP": clusterIPs.first.map { .text($0.description) },
            "clusterIPs": .texts(clusterIPs.map(\.description)),
            "ipFamilies": .texts(clusterIPs.map(\.family.description)),
            "ports": .list(ports),
            "externalIPs": externalIPs.isEmpty ? nil : .texts(externalIPs.map(\.description)),
            "internalTrafficPolicy": .text(internalTrafficPolicy == .local ? "Local" : "Cluster"),
            "externalTrafficPolicy": .text(externalTrafficPolicy == .local ? "Local" : "Cluster"),
            "sessionAffinity": .text(affinity == nil ? "None" : "ClientIP"),
            "sessionAffinityConfig": affinity,
            "healthCheckNodePort": healthCheckNodePort == 0 ? nil : .number(healthCheckNodePort),
            "loadBalancerSourceRanges": loadBalancerSourceRanges.isEmpty
                ? nil : .texts(loadBalancerSourceRanges.map(\.description)),
        ])
        let ingress = loadBalancerVIPs.map {
            DocumentNode.fields(["ip": .text($0.description), "ipMode": .text("VIP")])
        }
        return .fields([
            "apiVersion": .text("v1"),
            "kind": .text("Service"),
            "metadata": name.metadata(creationTimestamp: creationTime.map(Self.time)),
            "spec": spec,
            "status": .fields(["loadBalancer": .fields(["ingress": ingress.isEmpty ? nil : .list(ingress)])]),
        ])
    }
}

extension EndpointSlice {
    fileprivate var document: DocumentNode {
        let ports = ports.map { port in
            DocumentNode.fields([
                "name": .text(port.name),
                "protocol": .text(port.transport.description),
                "port": .number(port.port),
            ])
        }
        let endpoints = endpoints.map { endpoint in
            let hasHints = !endpoint.zoneHints.isEmpty || !endpoint.nodeHints.isEmpty
            return DocumentNode.fields([
                "addresses": .texts([endpoint.address.description]),
                "conditions": .fields([
                    "ready": .flag(endpoint.isReady),
                    "serving": .flag(endpoint.isServing),
                    "terminating": .flag(endpoint.isTerminating),
                ]),
                "nodeName": endpoint.nodeName.map(DocumentNode.text),
                "hints": !hasHints
                    ? nil
                    : .fields([
                        "forZones": .list(endpoint.zoneHints.map { .fields(["name": .text($0)]) }),
                        "forNodes": .list(endpoint.nodeHints.map { .fields(["name": .text($0)]) }),
                    ]),
            ])
        }
        return .fields([
            "apiVersion": .text("discovery.k8s.io/v1"),
            "kind": .text("EndpointSlice"),
            "metadata": name.metadata(labels: .fields(["kubernetes.io/service-name": .text(serviceName)])),
            "addressType": .text(family.description),
            "ports": .list(ports),
            "endpoints": .list(endpoints),
        ])
    }
}

extension Node {
    fileprivate var document: DocumentNode {
        .fields([
            "apiVersion": .text("v1"),
            "kind": .text("Node"),
            "metadata": ObjectName(namespace: "", name: name).metadata(
                labels: zone.map { .fields(["topology.kubernetes.io/zone": .text($0)]) }
            ),
            "spec": .fields([
                "podCIDRs": .texts(podCIDRs.map(\.description)),
                "taints": isBeingDeleted
                    ? .list([.fields(["key": .text("ToBeDeletedByClusterAutoscaler")])]) : nil,
            ]),
            "status": .fields([
                "addresses": .list(
                    addresses.map { .fields(["type": .text("InternalIP"), "address": .text($0.description)]) }
                )
            ]),
        ])
    }
}
