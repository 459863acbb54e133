// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

/// What flags and file come to.
public struct LoadedConfiguration: Sendable {
    /// As `--write-config-to` writes it and `/configz` shows it.
    public var configuration: KubeProxyConfiguration
    public var settings: EffectiveSettings
    /// To be logged.
    public var warnings: [ConfigurationWarning]
    /// All flags by their names, and what they come to: that of the file, where there is one and it counts.
    public var flags: [String: String]
}

extension KubeProxyFlags {
    /// Combines flags and file with kube-proxy's precedence.
    ///
    /// With a file, all flags are ignored but `--hostname-override`, `--master`, the logging flags, and those that say what to
    /// do. Without one the flags fill the configuration; the least time between two passes is 1 s then, and 0 s with a file.
    ///
    /// - Parameters:
    ///   - file: the text of the file `configFile`, where there is one.
    ///   - hostname: the machine's own name.
    ///   - environment: of the process. `KUBE_IPVS_VIRTUAL_IPS` counts, with a file too.
    /// - Throws: all that is wrong, at once. The mode must be `ipvs`, except to clean up or to write the configuration.
    public func load(
        file: String?,
        hostname: String,
        environment: [String: String] = [:]
    ) throws(ConfigurationError) -> LoadedConfiguration {
        // kube-proxy takes the default of this one flag from its iptables mode.
        var defaults = KubeProxyConfiguration()
        defaults.ipvs.minSyncPeriod = .seconds(1)
        var flags = FlagApplier(defaults)
        applyConfigurationFlags(to: &flags)
        former.apply(to: &flags, cleanup: cleanup)

        var warnings: [ConfigurationWarning] = deprecationWarnings + former.warnings
        var sources: [String: SettingSource] = [:]
        var invalid: [InvalidSetting] = []
        if let file {
            let (read, invalidFields) = try KubeProxyConfiguration.lenientlyReading(yaml: file)
            if !flags.given.isEmpty {
                let names = flags.given.joined(separator: ", ")
                warnings.append(ConfigurationWarning("ignored, because --config is given: \(names)"))
            }
            warnings += read.warnings
            sources = read.lines.mapValues(SettingSource.line)
            // A flag that cannot be read is refused even where it would be ignored, as kube-proxy does.
            invalid = flags.invalid + invalidFields
            flags = FlagApplier(read.configuration)
        }
        if file == nil, flags.configuration.mode.isEmpty {
            // Whoever starts this program by flags wants the one mode that it has. A file may be kube-proxy's, and says it.
            flags.configuration.mode = "ipvs"
        }
        logging.apply(to: &flags)
        applyHostnameOverride(to: &flags)
        if flags.configuration.detectLocalMode.isEmpty {
            flags.configuration.detectLocalMode = "ClusterCIDR"
        }
        sources.merge(flags.sources) { _, flag in flag }
        invalid += flags.invalid

        let (evaluated, wrong) = EffectiveSettings.evaluating(
            flags.configuration,
            hostname: hostname,
            server: client.master.flatMap { $0.isEmpty ? nil : $0 },
            needsMode: !cleanup && writeConfigTo == nil
        )
        var settings = evaluated
        settings.attractsVitalAddresses = allowAttractingVitalAddresses
        do throws(InvalidSetting) {
            settings.virtualIPs = try VirtualIPMode.chosen(flag: general.virtualIPs, environment: environment)
        } catch {
            invalid.append(error)
        }
        invalid += wrong.map { $0.located(by: sources) }
        guard invalid.isEmpty else { throw .invalid(invalid.inOrder) }

        warnings += Self.gateWarnings(flags.configuration, sources)
        return LoadedConfiguration(
            configuration: flags.configuration, settings: settings, warnings: warnings.shortened,
            flags: values(flags.configuration, settings))
    }

    private static func gateWarnings(
        _ configuration: KubeProxyConfiguration,
        _ sources: [String: SettingSource]
    ) -> [ConfigurationWarning] {
        FeatureGates.withoutEffect(configuration.featureGates.keys).map { name in
            let line: Int? = if case .line(let line) = sources["featureGates.\(name)"] { line } else { nil }
            return ConfigurationWarning("feature gate \"\(name)\" has no effect in kube-ipvs", line: line)
        }
    }

    private func values(_ configuration: KubeProxyConfiguration, _ settings: EffectiveSettings) -> [String: String] {
        var flags = FlagApplier(configuration, isReading: true)
        applyConfigurationFlags(to: &flags)
        logging.apply(to: &flags)
        return flags.values.merging([
            "config": general.config ?? "",
            "write-config-to": general.writeConfigTo ?? "",
            "cleanup": "\(cleanup)",
            "init-only": "\(initOnly)",
            "dry-run": "\(dryRun)",
            "dry-run-port-offset": "\(dryRunPortOffset)",
            "version": "false",
            "manifests": general.manifests ?? "",
            "graceful-timeout": general.gracefulTimeout.map { "\($0)" } ?? "",
            "metrics-virtual-servers": "\(metricsVirtualServers)",
            "allow-attracting-vital-addresses": "\(allowAttractingVitalAddresses)",
            "virtual-ips": settings.virtualIPs.rawValue,
            "boot-id-file": general.bootIdFile ?? "",
            "machine-id-file": general.machineIdFile ?? "",
            "master": client.master ?? "",
            "hostname-override": configuration.hostnameOverride,
        ]) { _, own in own }
    }

    /// The flags that are ignored with a file.
    private func applyConfigurationFlags(to flags: inout FlagApplier) {
        general.apply(to: &flags)
        client.apply(to: &flags)
        node.apply(to: &flags)
        ipvs.apply(to: &flags)
        rules.apply(to: &flags)
        conntrack.apply(to: &flags)
    }

    private func applyHostnameOverride(to flags: inout FlagApplier) {
        guard let text = node.hostnameOverride, !text.isEmpty else { return }
        flags.note("hostname-override", at: "hostnameOverride")
        let name = text.trimmingWhitespace().lowercased()
        if name.isEmpty {
            flags.refuse("hostname-override", text, wanted: "the name of a Node")
        } else {
            flags.configuration.hostnameOverride = name
        }
    }

    private var deprecationWarnings: [ConfigurationWarning] {
        var warnings: [ConfigurationWarning] = []
        if node.healthzPort != nil {
            warnings.append(ConfigurationWarning("--healthz-port is deprecated: use --healthz-bind-address"))
        }
        if node.metricsPort != nil {
            warnings.append(ConfigurationWarning("--metrics-port is deprecated: use --metrics-bind-address"))
        }
        if conntrack.conntrackMax != nil {
            let others = "--conntrack-max-per-core and --conntrack-min"
            warnings.append(ConfigurationWarning("--conntrack-max is deprecated: use \(others)"))
        }
        if rules.proxyPortRange != nil {
            warnings.append(ConfigurationWarning("--proxy-port-range is deprecated and has no effect"))
        }
        return warnings
    }
}

extension InvalidSetting {
    /// With the place where the field, or the list that it is in, was given.
    fileprivate func located(by sources: [String: SettingSource]) -> InvalidSetting {
        var located = self
        var path = field[...]
        while located.source == nil {
            located.source = sources[String(path)]
            guard let end = path.lastIndex(where: { $0 == "[" || $0 == "." }) else { break }
            path = path[..<end]
        }
        return located
    }
}
