// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// What clients such as kubectl ask a server for before they do anything: which groups and resources there are.
enum APIDiscovery {
    private struct Resource {
        var kind: String
        var name: String
        var isNamespaced = true
    }

    private static let groups: [(group: String, resources: [Resource])] = [
        (
            "",
            [
                Resource(kind: "ConfigMap", name: "configmaps"), Resource(kind: "Event", name: "events"),
                Resource(kind: "Node", name: "nodes", isNamespaced: false), Resource(kind: "Service", name: "services"),
                Resource(kind: "ServiceAccount", name: "serviceaccounts"),
            ]
        ),
        ("apps", [Resource(kind: "DaemonSet", name: "daemonsets")]),
        ("discovery.k8s.io", [Resource(kind: "EndpointSlice", name: "endpointslices")]),
        ("events.k8s.io", [Resource(kind: "Event", name: "events")]),
        (
            "monitoring.coreos.com",
            [
                Resource(kind: "PodMonitor", name: "podmonitors"),
                Resource(kind: "PrometheusRule", name: "prometheusrules"),
            ]
        ),
        (
            "rbac.authorization.k8s.io",
            [
                Resource(kind: "ClusterRole", name: "clusterroles", isNamespaced: false),
                Resource(kind: "ClusterRoleBinding", name: "clusterrolebindings", isNamespaced: false),
            ]
        ),
    ]

    /// The answer for a path; `nil` when it is none of discovery.
    static func document(_ path: String) -> DocumentNode? {
        switch path {
        case "/api":
            return .fields(["kind": .text("APIVersions"), "versions": .texts(["v1"])])
        case "/apis":
            let groups = groups.map(\.group).filter { !$0.isEmpty }.map(group)
            return .fields(["kind": .text("APIGroupList"), "apiVersion": .text("v1"), "groups": .list(groups)])
        default:
            return groups.first { path == ($0.group.isEmpty ? "/api/v1" : "/apis/\($0.group)/v1") }
                .map { resources($0.resources, of: $0.group) }
        }
    }

    private static func group(_ name: String) -> DocumentNode {
        let version = DocumentNode.fields(["groupVersion": .text("\(name)/v1"), "version": .text("v1")])
        return .fields(["name": .text(name), "versions": .list([version]), "preferredVersion": version])
    }

    private static func resources(_ resources: [Resource], of group: String) -> DocumentNode {
        .fields([
            "kind": .text("APIResourceList"),
            "apiVersion": .text("v1"),
            "groupVersion": .text(group.isEmpty ? "v1" : "\(group)/v1"),
            "resources": .list(
                resources.map { resource in
                    .fields([
                        "name": .text(resource.name),
                        "singularName": .text(resource.kind.lowercased()),
                        "namespaced": .flag(resource.isNamespaced),
                        "kind": .text(resource.kind),
                        "verbs": .texts(["create", "delete", "get", "list", "patch", "update", "watch"]),
                    ])
                }
            ),
        ])
    }
}
