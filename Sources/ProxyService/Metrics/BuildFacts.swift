public import KubeProxyConfig
import Telemetry

/// Which program this is, and which of kube-proxy's feature gates are on.
public struct BuildFacts: Sendable {
    /// Such as `0.1.0`.
    public var version: String
    public var featureGates: FeatureGates

    public init(version: String, featureGates: FeatureGates = FeatureGates()) {
        self.version = version
        self.featureGates = featureGates
    }

    private static var platform: String {
        #if arch(arm64)
        "linux/arm64"
        #else
        "linux/amd64"
        #endif
    }

    func register(in registry: MetricRegistry) {
        registry.gauge("kubeipvs_build_info", "1, with the version of this program", labels: ["version", "platform"])
            .set(1, version, Self.platform)

        let numbers = version.split(separator: ".").map(String.init)
        registry.gauge(
            "kubernetes_build_info",
            "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, "
                + "build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
            labels: [
                "major", "minor", "git_version", "git_commit", "git_tree_state", "build_date", "go_version", "compiler",
                "platform",
            ]
        )
        // The version of this program and not one of Kubernetes, which it is no build of.
        .set(
            1, numbers.first ?? "", numbers.dropFirst().first ?? "", "v\(version)+kube-ipvs", "", "", "", "", "swiftc",
            Self.platform)

        let gates = registry.gauge(
            "kubernetes_feature_enabled",
            "[BETA] This metric records the data about the stage and enablement of a k8s feature.",
            labels: ["name", "stage"]
        )
        for (name, stage, isOn) in [
            ("AllowServiceExternalIPs", "DEPRECATED", featureGates.allowServiceExternalIPs),
            ("ComponentFlagz", "BETA", featureGates.componentFlagz),
            ("ComponentStatusz", "BETA", featureGates.componentStatusz),
            // Generally available, and switched on for good.
            ("MultiCIDRServiceAllocator", "", true),
            ("PreferSameTrafficDistribution", "", true),
        ] {
            gates.set(isOn ? 1 : 0, name, stage)
        }
    }
}
