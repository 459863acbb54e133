// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel
import DataplaneTesting
import Reconcile
import SystemTesting
import Testing

@testable import NodeDaemon

struct SettingsTests {
    @Test func `settings of the kernel that others changed are counted as repaired`() async throws {
        let settings = FakeSettings(["a": "0", "b": "0"])
        settings.readOnly = ["b"]
        let fake = FakeDataplane()
        let dataplane = Dataplane(
            ipvs: fake.ipvs, sets: fake.sets, addresses: fake.addresses, rules: fake.rules, settings: settings)
        try await RunningProxy.run(
            kernelSettings: [
                KernelSetting("a", .exactly(1), purpose: "first thing"),
                KernelSetting("b", .exactly(1), purpose: "second thing"),
            ],
            dataplane: dataplane
        ) { running in
            await running.begin([])
            try await eventually("the repair is counted") {
                running.value("kubeipvs_drift_repaired_total{ip_family=\"IPv4\",kind=\"sysctl\"}") == 1
            }
        }
    }
}
