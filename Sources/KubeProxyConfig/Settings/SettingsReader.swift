// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import ServicePlan

/// Turns fields into settings, and collects what cannot be. Each stand-in for a refused value is never used: with one
/// refusal there are no settings.
struct SettingsReader {
    private(set) var invalid: [InvalidSetting] = []

    mutating func refuse(_ field: String, _ value: String, wanted: String) {
        invalid.append(InvalidSetting(field: field, value: value, wanted: wanted))
    }

    /// For texts, which are shown in quotes.
    mutating func refuse(_ field: String, text: String, wanted: String) {
        refuse(field, DocumentValue.quoted(text), wanted: wanted)
    }

    // MARK: Numbers and durations

    mutating func number(_ field: String, _ value: Int32, in range: ClosedRange<Int32>) -> Int {
        if !range.contains(value) {
            refuse(field, "\(value)", wanted: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(value)
    }

    mutating func duration(_ field: String, _ value: Duration, positive: Bool = false) -> Duration {
        if positive ? value <= .zero : value < .zero {
            refuse(
                field,
                GoDuration(value).description,
                wanted: positive ? "greater than 0s" : "a duration of 0s or more"
            )
        }
        return value
    }

    /// `nil` for zero.
    mutating func optionalDuration(_ field: String, _ value: Duration) -> Duration? {
        duration(field, value) == .zero ? nil : value
    }

    mutating func minSyncPeriod(_ field: String, _ value: Duration, syncPeriod: Duration) -> Duration {
        let value = duration(field, value)
        if syncPeriod > .zero, value > syncPeriod {
            let text = GoDuration(value).description
            refuse(field, text, wanted: "from 0s to the syncPeriod, which is \(GoDuration(syncPeriod))")
        }
        return value
    }

    /// Whole seconds for the kernel, which refuses what overflows its 32 bits of jiffies at 1000 Hz
    /// (`ip_vs_set_timeout` in `net/netfilter/ipvs/ip_vs_ctl.c`).
    mutating func ipvsTimeout(_ field: String, _ value: Duration) -> UInt32 {
        let most = Int64(Int32.max / 1000)
        let seconds = value.components.seconds
        guard value >= .zero, seconds <= most else {
            refuse(field, GoDuration(value).description, wanted: "from 0s to \(most)s")
            return 0
        }
        return UInt32(seconds)
    }

    // MARK: Addresses

    mutating func bindAddress(_ text: String) -> IPAddress? {
        guard let address = IPAddress(text) else {
            refuse("bindAddress", text: text, wanted: "an IP address")
            return nil
        }
        return address.isUnspecified ? nil : address
    }

    mutating func endpoint(_ field: String, _ text: String) -> BindAddress? {
        guard !text.isEmpty else { return nil }
        guard let endpoint = BindAddress(text) else {
            refuse(
                field,
                text: text,
                wanted: "an IP address with a port from 1 to 65535, such as 0.0.0.0:10256 or [::]:10256"
            )
            return nil
        }
        return endpoint
    }

    mutating func networks(_ field: String, _ texts: [String]) -> [IPPrefix] {
        texts.enumerated().compactMap { index, text in
            let network = IPPrefix(text)
            if network == nil {
                refuse("\(field)[\(index)]", text: text, wanted: "a network such as 10.0.0.0/8 or fd00::/64")
            }
            return network
        }
    }

    mutating func clusterNetworks(_ text: String) -> [IPPrefix] {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let networks = parts.compactMap { IPPrefix(String($0)) }
        guard networks.count == parts.count, Set(networks.map(\.family)).count == networks.count else {
            refuse(
                "clusterCIDR",
                text: text,
                wanted: "a network, or one of each family, such as 10.100.0.0/16 or 10.100.0.0/16,fde4:8dba:82e1::/48"
            )
            return []
        }
        return networks
    }

    mutating func nodePortAddresses(_ texts: [String]) -> PlanConfiguration.NodePortAddresses {
        guard !texts.isEmpty else { return .all }
        guard texts.contains("primary") else { return .inside(networks("nodePortAddresses", texts)) }
        if texts.count > 1 {
            refuse(
                "nodePortAddresses",
                text: texts.joined(separator: ","),
                wanted: "a list of networks, or \"primary\" alone"
            )
        }
        return .primary
    }

    // MARK: Choices

    mutating func mode(_ text: String) {
        guard text != "ipvs" else { return }
        let given = text.isEmpty ? "\"\" (which means iptables)" : DocumentValue.quoted(text)
        refuse(
            "mode",
            given,
            wanted: "ipvs, the only mode that kube-ipvs has: set \"mode: ipvs\" in the configuration file (or "
                + "--proxy-mode=ipvs without one), or keep kube-proxy on this node"
        )
    }

    mutating func scheduler(_ text: String) -> Scheduler {
        guard !text.isEmpty else { return .roundRobin }
        guard let scheduler = Scheduler(text) else {
            refuse(
                "ipvs.scheduler",
                text: text,
                wanted: "the name of an IPVS scheduler, of 1 to 15 letters, such as rr, wlc or mh"
            )
            return .roundRobin
        }
        return scheduler
    }

    mutating func detectLocalMode(_ configuration: KubeProxyConfiguration) -> EffectiveSettings.DetectLocalMode {
        // The networks are checked in all modes, as kube-proxy does.
        let networks = clusterNetworks(configuration.clusterCIDR)
        let names = configuration.detectLocal
        switch configuration.detectLocalMode {
        case "", "ClusterCIDR": return .clusterCIDR(networks)
        case "NodeCIDR": return .nodeCIDR
        case "BridgeInterface":
            return .bridgeInterface(interfaceName("detectLocal.bridgeInterface", names.bridgeInterface, atMost: 15))
        case "InterfaceNamePrefix":
            let field = "detectLocal.interfaceNamePrefix"
            return .interfaceNamePrefix(interfaceName(field, names.interfaceNamePrefix, atMost: 14))
        case let mode:
            refuse(
                "detectLocalMode",
                text: mode,
                wanted: "ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix"
            )
            return .nodeCIDR
        }
    }

    /// What the kernel and iptables take: `dev_valid_name` in `net/core/dev.c`, and 15 bytes with the `+` of a prefix.
    private mutating func interfaceName(_ field: String, _ text: String, atMost length: Int) -> String {
        let isValid =
            (1...length).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { $0.isASCII && $0 > " " && $0 != "/" && $0 != ":" && $0 != "\u{7f}" }
        if !isValid {
            refuse(
                field,
                text: text,
                wanted: "the name of an interface, of 1 to \(length) bytes, which detectLocalMode needs"
            )
        }
        return text
    }

    mutating func featureGates(_ switches: [String: Bool]) -> FeatureGates {
        for (name, isOn) in switches.sorted(by: { $0.key < $1.key }) where !isOn && FeatureGates.locked.contains(name) {
            refuse("featureGates.\(name)", "false", wanted: "true, to which Kubernetes has locked it")
        }
        return FeatureGates(switches)
    }

    mutating func showHiddenMetricsForVersion(_ text: String) {
        guard !text.isEmpty else { return }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...3).contains($0.count) && UInt16($0) != nil }) else {
            refuse("showHiddenMetricsForVersion", text: text, wanted: "a version with two parts, such as 1.35")
            return
        }
    }

    mutating func nodeName(_ configuration: KubeProxyConfiguration, hostname: String) -> String {
        let override = configuration.hostnameOverride
        let name = (override.isEmpty ? hostname : override).trimmingWhitespace().lowercased()
        if name.isEmpty {
            refuse("hostnameOverride", text: override, wanted: "the name of a Node")
        }
        return name
    }

    mutating func logging(_ logging: KubeProxyConfiguration.Logging, _ gates: FeatureGates) -> EffectiveSettings.Logging
    {
        let format = EffectiveSettings.Logging.Format(rawValue: logging.format)
        if format == nil {
            refuse("logging.format", text: logging.format, wanted: "text or json")
        }
        for (index, file) in logging.vmodule.enumerated() {
            let field = "logging.vmodule[\(index)]"
            if file.filePattern.isEmpty || file.filePattern.contains("=") || file.filePattern.contains(",") {
                refuse(
                    "\(field).filePattern",
                    text: file.filePattern,
                    wanted: "a pattern of file names, without = and comma"
                )
            }
            _ = number("\(field).verbosity", file.verbosity, in: 0...Int32.max)
        }
        if !logging.vmodule.isEmpty, format == .json {
            refuse("logging.vmodule", "a list", wanted: "possible with logging.format json")
        }
        for (name, options) in [("text", logging.textOptions), ("json", logging.jsonOptions)] {
            outputOptions("logging.options.\(name)", options, gates)
        }
        return EffectiveSettings.Logging(
            format: format ?? .text,
            verbosity: number("logging.verbosity", logging.verbosity, in: 0...Int32.max)
        )
    }

    private mutating func outputOptions(
        _ field: String,
        _ options: KubeProxyConfiguration.OutputOptions,
        _ gates: FeatureGates
    ) {
        let size = options.infoBufferSize
        let digits = size.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let units: Set<Substring> = [
            "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
        ]
        guard let number = Double(digits), units.contains(size[digits.endIndex...]) else {
            refuse("\(field).infoBufferSize", text: size, wanted: "a number of bytes such as 0, 512 or 64Ki")
            return
        }
        guard !gates.loggingAlphaOptions else { return }
        let wanted = "possible without the feature gate LoggingAlphaOptions"
        if number != 0 {
            refuse("\(field).infoBufferSize", text: size, wanted: wanted)
        }
        if options.splitStream {
            refuse("\(field).splitStream", "true", wanted: wanted)
        }
    }
}

extension String {
    func trimmingWhitespace() -> String {
        let kept = drop(while: \.isWhitespace)
        return String(kept.reversed().drop(while: \.isWhitespace).reversed())
    }
}
