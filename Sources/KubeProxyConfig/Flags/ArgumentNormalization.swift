// SPDX-License-Identifier: GPL-2.0-or-later
extension KubeProxyFlags {
    /// Brings arguments from the forms that kube-proxy's parser (pflag) takes to the one form `--name=value`, so that
    /// ArgumentParser takes them too. An empty value becomes an argument of its own, which it takes only so.
    ///
    /// - A boolean needs no value: `--masquerade-all` is `--masquerade-all=true`, and never takes the next argument.
    /// - Any other flag takes the next argument, also one that begins with a hyphen: `--oom-score-adj -999`.
    /// - `-v4`, `-v=4` and `-v 4` are `--v=4`.
    /// - Underscores in names are hyphens: `--cluster_cidr`.
    /// - Empty arguments that belong to no flag are dropped, as an empty variable in a manifest makes them.
    /// - Flags that kube-proxy has no more go to `FormerFlags`.
    ///
    /// Unknown flags and everything after `--` are left as they are.
    public static func normalizing(_ arguments: [String]) -> [String] {
        var result: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                return result + [argument] + rest
            } else if argument.hasPrefix("--") {
                result += normalizing(long: argument, &rest)
            } else if argument.hasPrefix("-v"), let value = verbosity(argument, &rest) {
                result += joined("v", value)
            } else if !argument.isEmpty {
                result.append(argument)
            }
        }
        return result
    }

    private static func normalizing(long argument: String, _ rest: inout ArraySlice<String>) -> [String] {
        let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts[0].map { $0 == "_" ? "-" : String($0) }.joined()
        if let former = former(name, value: parts.count > 1 ? String(parts[1]) : nil, &rest) { return former }
        if parts.count > 1 { return joined(name, String(parts[1])) }
        if booleanNames.contains(name) { return joined(name, "true") }
        if valueNames.contains(name), let value = rest.popFirst() { return joined(name, value) }
        return ["--\(name)"]
    }

    /// `nil` unless it is a flag of that kind, and has the value that it needs.
    private static func former(_ name: String, value: String?, _ rest: inout ArraySlice<String>) -> [String]? {
        let takesNext = value == nil && FormerFlags.valueNames.contains(name)
        guard takesNext || FormerFlags.valueNames.contains(name) || FormerFlags.booleanNames.contains(name) else {
            return nil
        }
        guard let value = takesNext ? rest.popFirst() : value ?? "true" else { return nil }
        return joined(FormerFlags.carrier, "\(name)=\(value)")
    }

    private static func joined(_ name: String, _ value: String) -> [String] {
        value.isEmpty ? ["--\(name)", ""] : ["--\(name)=\(value)"]
    }

    /// The value of `-v`; `nil` when the argument is no verbosity, or the last one.
    private static func verbosity(_ argument: String, _ rest: inout ArraySlice<String>) -> String? {
        let value = argument.dropFirst(2)
        if value.isEmpty { return rest.popFirst() }
        return value.first == "=" ? String(value.dropFirst()) : String(value)
    }

    /// The flags that can stand without a value.
    static let booleanNames: Set<String> = [
        "allow-attracting-vital-addresses",
        "bind-address-hard-fail", "cleanup", "conntrack-tcp-be-liberal", "dry-run", "init-only",
        "iptables-localhost-nodeports",
        "ipvs-strict-arp", "log-json-split-stream", "log-text-split-stream", "masquerade-all", "profiling", "version",
    ]

    /// The flags that take the next argument where they have no value of their own.
    static let valueNames: Set<String> = [
        "bind-address", "boot-id-file", "cluster-cidr", "config", "config-sync-period", "conntrack-max",
        "conntrack-max-per-core",
        "conntrack-min", "conntrack-tcp-timeout-close-wait", "conntrack-tcp-timeout-established",
        "conntrack-udp-timeout",
        "conntrack-udp-timeout-stream", "detect-local-mode", "dry-run-port-offset", "feature-gates", "graceful-timeout",
        "healthz-bind-address",
        "healthz-port", "hostname-override", "iptables-masquerade-bit", "iptables-min-sync-period",
        "iptables-sync-period", "ipvs-exclude-cidrs", "ipvs-min-sync-period", "ipvs-scheduler", "ipvs-sync-period",
        "ipvs-tcp-timeout", "ipvs-tcpfin-timeout", "ipvs-udp-timeout", "kube-api-burst", "kube-api-content-type",
        "kube-api-qps", "kubeconfig", "log-flush-frequency", "log-json-info-buffer-size", "log-text-info-buffer-size",
        "logging-format", "machine-id-file", "manifests", "master", "metrics-bind-address", "metrics-port",
        "metrics-virtual-servers",
        "nodeport-addresses", "oom-score-adj", "pod-bridge-interface", "pod-interface-name-prefix", "proxy-mode",
        "proxy-port-range", "show-hidden-metrics-for-version", "v", "virtual-ips", "vmodule",
        "write-config-to",
    ]
}
