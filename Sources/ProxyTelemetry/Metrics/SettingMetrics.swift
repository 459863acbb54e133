// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import Telemetry

/// Which of the kernel's settings are not as the data plane needs them. There are no more series than the configuration asks for
/// settings: some fifteen.
public struct SettingMetrics: Sendable {
    private let degraded: Gauge

    init(_ registry: MetricRegistry) {
        degraded = registry.gauge(
            "kubeipvs_kernel_setting_degraded",
            "1 while a setting of the kernel is not as it has to be and cannot be written, else 0",
            labels: ["setting"]
        )
    }

    func note(_ planned: [KernelSetting], degraded settings: Set<KernelSetting>) {
        for setting in planned {
            degraded.set(settings.contains(setting) ? 1 : 0, setting.key)
        }
    }
}
