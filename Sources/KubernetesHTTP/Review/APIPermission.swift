// SPDX-License-Identifier: GPL-2.0-or-later
/// Something that the daemon does with a resource of the API.
public struct APIPermission: Hashable, Sendable, CustomStringConvertible {
    /// Such as `list`.
    public var verb: String
    /// Empty for the core group.
    public var group: String
    /// Such as `services`.
    public var resource: String
    /// `nil` where it is about all namespaces, or about none.
    public var namespace: String?
    /// `nil` where it is about all objects.
    public var name: String?
    /// Whether no Service can be served without it.
    public var isVital: Bool

    public var description: String {
        "\(verb) \(resource)\(group.isEmpty ? "" : ".\(group)")\(name.map { " \($0)" } ?? "")"
            + (namespace.map { " in namespace \($0)" } ?? "")
    }

    /// All that the daemon does.
    ///
    /// - Parameter nodeName: Of the own Node. It is listed and watched by a field selector, which counts as its name
    ///   (`pkg/endpoints/request/requestinfo.go` of k8s.io/apiserver).
    public static func needed(nodeName: String) -> [APIPermission] {
        var permissions: [APIPermission] = []
        for verb in ["list", "watch"] {
            permissions += [
                APIPermission(verb: verb, group: "", resource: "services", isVital: true),
                APIPermission(verb: verb, group: "discovery.k8s.io", resource: "endpointslices", isVital: true),
                APIPermission(verb: verb, group: "", resource: "nodes", name: nodeName, isVital: true),
            ]
        }
        for verb in ["create", "patch"] {
            permissions.append(
                // Those about a Node are in the namespace `default`.
                APIPermission(
                    verb: verb, group: "events.k8s.io", resource: "events", namespace: "default", isVital: false))
        }
        return permissions
    }
}
