// SPDX-License-Identifier: GPL-2.0-or-later
/// What became of an object's fields.
public struct CheckedObject<Object: Hashable & Sendable>: Hashable, Sendable {
    /// The object without what was rejected. `nil` when it is ignored, or when nothing of it can be used.
    public var object: Object?
    /// Why the object is none of ours; then nothing of it was rejected.
    public var ignored: IgnoredReason?
    public var rejections: [Rejection]

    public init(object: Object?, rejections: [Rejection] = []) {
        self.object = object
        self.rejections = rejections
    }

    public init(ignored: IgnoredReason) {
        self.ignored = ignored
        rejections = []
    }
}

/// Why an object is left alone although nothing is wrong with it.
public enum IgnoredReason: String, CaseIterable, Hashable, Sendable {
    /// A Service with the label `service.kubernetes.io/service-proxy-name`.
    case otherProxy = "other_proxy"
    /// A Service with `clusterIP: None`, or a slice with the label `service.kubernetes.io/headless`.
    case headless
    /// A Service of type ExternalName.
    case externalName = "external_name"
    /// A Service whose cluster IP nobody has allocated yet.
    case noClusterIP = "no_cluster_ip"
    /// A slice without the label `kubernetes.io/service-name`.
    case noServiceName = "no_service_name"
    /// A slice of `addressType: FQDN`.
    case domainNames = "domain_names"
}
