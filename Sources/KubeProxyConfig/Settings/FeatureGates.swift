// SPDX-License-Identifier: GPL-2.0-or-later
/// The feature gates that mean something here, as far as kube-proxy 1.36 has them.
public struct FeatureGates: Hashable, Sendable {
    /// Whether the `externalIPs` of Services are served.
    public var allowServiceExternalIPs = true
    /// Whether the metrics server shows `/flagz`.
    public var componentFlagz = true
    /// Whether the metrics server shows `/statusz`.
    public var componentStatusz = true
    /// Whether `log-text-*` and `log-json-*` may be used.
    public var loggingAlphaOptions = false

    public init() {}

    /// On for good: kube-proxy 1.36 refuses to start with one of them off.
    static let locked: Set<String> = ["MultiCIDRServiceAllocator", "PreferSameTrafficDistribution"]
    /// Known to kube-proxy, without a meaning here that could be missed.
    private static let harmless: Set<String> = ["ContextualLogging", "LoggingBetaOptions"]

    /// Known to kube-proxy, and read here.
    private static let used: Set<String> = [
        "AllAlpha", "AllBeta", "AllowServiceExternalIPs", "ComponentFlagz", "ComponentStatusz", "LoggingAlphaOptions",
    ]

    /// The gates as they were set. `AllAlpha` and `AllBeta` set those of their stage that are not set themselves.
    init(_ switches: [String: Bool]) {
        allowServiceExternalIPs = switches["AllowServiceExternalIPs"] ?? true
        componentFlagz = switches["ComponentFlagz"] ?? switches["AllBeta"] ?? true
        componentStatusz = switches["ComponentStatusz"] ?? switches["AllBeta"] ?? true
        loggingAlphaOptions = switches["LoggingAlphaOptions"] ?? switches["AllAlpha"] ?? false
    }

    /// Those names that switch nothing here, in order.
    static func withoutEffect(_ names: some Sequence<String>) -> [String] {
        names.filter { !used.contains($0) && !locked.contains($0) && !harmless.contains($0) }.sorted()
    }
}
