// SPDX-License-Identifier: GPL-2.0-or-later
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

        // Without `kubernetes_build_info`: this is no build of Kubernetes, and whatever version it named there would differ from
        // the API server's, by which kube-prometheus' alert KubeVersionMismatch would fire for ever.
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
