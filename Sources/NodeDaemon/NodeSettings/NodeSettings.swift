// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneKernel
import DataplaneModel
public import KubeProxyConfig
public import Logging
public import NodeStartup
import ProxyTelemetry
import Reconcile

/// What the kernel has to be told for IPVS to serve Services, beside the data plane itself.
public enum NodeSettings {
    /// What `--init-only` is for: a privileged start writes what a daemon may then find and cannot write itself.
    ///
    /// It loads IPVS, and writes the sysctls and the IPVS timeouts.
    ///
    /// - Throws: a sentence that says which feature suffers.
    public static func initialize(_ settings: EffectiveSettings, logger: Logger) throws(StartError) {
        let ipvs: KernelIPVS
        do throws(DataplaneError) {
            ipvs = try KernelIPVS()
        } catch {
            throw StartError("\(error)")
        }
        let failures = write(settings, with: ipvs, logger: logger).degradedAtStart.map(\.failure)
        guard failures.isEmpty else {
            throw StartError(failures.map(\.description).sorted().joined(separator: "\n"))
        }
    }

    /// Writes sysctls and timeouts.
    ///
    /// What cannot be read or written does not end the start: a daemon without privileges, or a container that sees
    /// `/proc/sys` read-only, programs Services all the same. Each such setting is told of, and tried again in each
    /// verifying pass.
    ///
    /// - Parameter ipvs: open, so that the modules are loaded whose sysctls these are.
    /// - Returns: what keeps the sysctls so from here on.
    static func write(_ settings: EffectiveSettings, with ipvs: KernelIPVS, logger: Logger) -> SettingsKeeper {
        let keeper = begin(planned(settings, logger: logger), on: KernelSettings(), logger: logger)
        writeTimeouts(settings.ipvsTimeouts, to: ipvs, logger: logger)
        return keeper
    }

    /// What a daemon would keep, without a first writing.
    static func planned(_ settings: EffectiveSettings, logger: Logger) -> SettingsKeeper {
        let plan = NodeSettingsPlan(settings, kernel: HostFacts.kernelVersion, processors: HostFacts.processors)
        for warning in plan.warnings {
            logger.error("kernel", metadata: ["warning": "\(warning)"])
        }
        return SettingsKeeper(plan.settings)
    }

    /// Writes the settings for the first time, and says what came of it.
    static func begin(
        _ keeper: SettingsKeeper,
        on dataplane: any SettingsDataplane,
        logger: Logger
    ) -> SettingsKeeper {
        var keeper = keeper
        let report = keeper.keep(on: dataplane)
        for setting in report.written {
            logger.info("kernel setting written", metadata: ["setting": "\(setting)"])
        }
        for degraded in report.degraded {
            SettingLog.log(degraded, to: logger)
        }
        keeper.degradedAtStart = report.degraded
        return keeper
    }

    /// Sets the timeouts that were given; a failure is told and nothing more, as in kube-proxy.
    private static func writeTimeouts(_ timeouts: IPVSTimeouts, to ipvs: KernelIPVS, logger: Logger) {
        guard timeouts != IPVSTimeouts(tcp: 0, tcpFin: 0, udp: 0) else { return }
        do throws(DataplaneError) {
            try ipvs.setTimeouts(timeouts)
        } catch {
            logger.error("IPVS timeouts stay as they are", metadata: ["error": "\(error)"])
        }
    }
}
