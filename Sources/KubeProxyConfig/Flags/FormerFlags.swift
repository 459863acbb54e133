// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser

/// Flags that kube-proxy had from 1.12 to 1.25 and has no more, as the units of binary installations still carry them.
///
/// They are taken out of the arguments before these are parsed, and named in one warning. What they would do is gone (mode
/// `userspace`), is never done (log files), or was never kube-proxy's (cAdvisor's flags, which were linked in with it).
struct FormerFlags: ParsableArguments, Sendable {
    /// The name under which `normalizing(_:)` hands them on, each as `name` or `name=value`.
    static let carrier = "former-flag"

    @Option(name: .customLong(carrier), help: .hidden)
    var given: [String] = []

    /// The names that were given, each once, without hyphens.
    var names: [String] {
        var seen: Set<String> = []
        return given.map { String($0.prefix { $0 != "=" }) }.filter { seen.insert($0).inserted }
    }

    /// The last value of a flag; "true" where it has none.
    func value(of name: String) -> String? {
        guard let text = given.last(where: { $0 == name || $0.hasPrefix("\(name)=") }) else { return nil }
        return text == name ? "true" : String(text.dropFirst(name.count + 1))
    }

    /// - Parameter cleanup: whether the node is to be cleaned up. To leave IPVS out of it is not offered.
    func apply(to flags: inout FlagApplier, cleanup: Bool) {
        for name in names where Self.booleanNames.contains(name) {
            guard let value = value(of: name), GoBool(value) == nil else { continue }
            flags.refuse(name, value, wanted: FlagValue.bool.wanted)
        }
        if cleanup, let value = value(of: "cleanup-ipvs"), GoBool(value)?.value == false {
            flags.refuse("cleanup-ipvs", value, wanted: "possible with --cleanup, which removes virtual servers too")
        }
    }

    /// Flags without a place in the configuration, which are named once.
    var warnings: [ConfigurationWarning] {
        guard !names.isEmpty else { return [] }
        let list = names.map { "--\($0)" }.joined(separator: ", ")
        let logFlags = names.contains { Self.logFlags.contains($0) }
        return [
            ConfigurationWarning(
                "without effect, as kube-proxy has them no more: \(list)"
                    + (logFlags ? "; the log goes to the standard error" : ""))
        ]
    }

    /// klog's, which Kubernetes' components gave up in 1.26 (KEP-2845).
    private static let logFlags: Set<String> = [
        "add-dir-header", "alsologtostderr", "log-backtrace-at", "log-dir", "log-file", "log-file-max-size",
        "logtostderr", "one-output", "skip-headers", "skip-log-headers", "stderrthreshold",
    ]

    /// Those that can stand without a value.
    static let booleanNames: Set<String> = [
        "add-dir-header", "allow-dynamic-housekeeping", "alsologtostderr", "cleanup-ipvs", "disable-root-cgroup-stats",
        "docker-only", "docker-tls", "enable-load-reader", "experimental-logging-sanitization", "log-cadvisor-usage",
        "logtostderr", "one-output", "skip-headers", "skip-log-headers", "storage-driver-secure",
    ]

    /// Those that take the next argument where they have no value of their own.
    static let valueNames: Set<String> = [
        "application-metrics-count-limit", "azure-container-registry-config", "cloud-provider-gce-l7lb-src-cidrs",
        "cloud-provider-gce-lb-src-cidrs", "container-hints", "containerd", "containerd-namespace",
        "default-not-ready-toleration-seconds", "default-unreachable-toleration-seconds", "docker",
        "docker-env-metadata-whitelist", "docker-root", "docker-tls-ca", "docker-tls-cert", "docker-tls-key",
        "event-storage-age-limit", "event-storage-event-limit", "global-housekeeping-interval", "google-json-key",
        "housekeeping-interval", "log-backtrace-at", "log-dir", "log-file", "log-file-max-size",
        "max-housekeeping-interval", "raw-cgroup-prefix-whitelist", "referenced-reset-interval", "resource-container",
        "stderrthreshold", "storage-driver-buffer-duration", "storage-driver-db", "storage-driver-host",
        "storage-driver-password", "storage-driver-table", "storage-driver-user", "udp-timeout",
        "update-machine-info-interval",
    ]
}
