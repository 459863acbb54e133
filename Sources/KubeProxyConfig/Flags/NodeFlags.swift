// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import YAMLDocuments

/// How the API server is reached.
struct ClientFlags: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("The kubeconfig. (default: the credentials of a pod)", valueName: "file"))
    var kubeconfig: String?

    @Option(help: ArgumentHelp("The API server's URL, instead of the one in the kubeconfig.", valueName: "url"))
    var master: String?

    @Option(help: ArgumentHelp("What to ask for. (default: application/vnd.kubernetes.protobuf)", valueName: "type"))
    var kubeApiContentType: String?

    @Option(help: ArgumentHelp("Accepted, has no effect. (default: 10)", valueName: "number"))
    var kubeApiBurst: String?

    @Option(help: ArgumentHelp("How often a second a list that fails may be tried. (default: 5)", valueName: "number"))
    var kubeApiQps: String?

    @Option(help: ArgumentHelp("Accepted, has no effect. (default: 15m0s)", valueName: "duration"))
    var configSyncPeriod: String?

    func apply(to flags: inout FlagApplier) {
        let client = "clientConnection."
        flags.set("kubeconfig", kubeconfig, \.clientConnection.kubeconfig, at: client + "kubeconfig", .text)
        flags.set(
            "kube-api-content-type",
            kubeApiContentType,
            \.clientConnection.contentType,
            at: client + "contentType",
            .text
        )
        flags.set("kube-api-burst", kubeApiBurst, \.clientConnection.burst, at: client + "burst", .number)
        flags.set("kube-api-qps", kubeApiQps, \.clientConnection.qps, at: client + "qps", .number)
        flags.set("config-sync-period", configSyncPeriod, \.configSyncPeriod, at: "configSyncPeriod", .duration)
    }
}

/// The node, and what the daemon serves there.
struct NodeFlags: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("The Node's name. (default: the host's name)", valueName: "name"))
    var hostnameOverride: String?

    @Option(
        help: ArgumentHelp("The node's own address. Nothing is bound to it. (default: the Node's)", valueName: "ip"))
    var bindAddress: String?

    @Option(help: ArgumentHelp("Where the health server listens. (default: 0.0.0.0:10256)", valueName: "ip:port"))
    var healthzBindAddress: String?

    @Option(help: ArgumentHelp("Where the metrics server listens. (default: 127.0.0.1:10249)", valueName: "ip:port"))
    var metricsBindAddress: String?

    @Option(help: ArgumentHelp("Deprecated: the health server's port; 0 for no server.", valueName: "port"))
    var healthzPort: String?

    @Option(help: ArgumentHelp("Deprecated: the metrics server's port; 0 for no server.", valueName: "port"))
    var metricsPort: String?

    @Option(help: ArgumentHelp("End when a port cannot be bound, rather than try again.", valueName: "bool"))
    var bindAddressHardFail: String?

    @Option(help: ArgumentHelp("Let PUT /debug/flags/v on the metrics server set the verbosity.", valueName: "bool"))
    var profiling: String?

    @Option(help: ArgumentHelp("Accepted, has no effect: no metrics are hidden.", valueName: "x.y"))
    var showHiddenMetricsForVersion: String?

    @Option(help: ArgumentHelp("Of this process, -1000 to 1000. (default: -999)", valueName: "number"))
    var oomScoreAdj: String?

    func apply(to flags: inout FlagApplier) {
        flags.setAddress("bind-address", bindAddress, \.bindAddress, at: "bindAddress")
        flags.setAddress("healthz-bind-address", healthzBindAddress, \.healthzBindAddress, at: "healthzBindAddress")
        flags.setAddress("metrics-bind-address", metricsBindAddress, \.metricsBindAddress, at: "metricsBindAddress")
        flags.setPort(
            "healthz-port",
            healthzPort,
            \.healthzBindAddress,
            at: "healthzBindAddress",
            standard: KubeProxyConfiguration.healthPort
        )
        flags.setPort(
            "metrics-port",
            metricsPort,
            \.metricsBindAddress,
            at: "metricsBindAddress",
            standard: KubeProxyConfiguration.metricsPort
        )
        flags.set(
            "bind-address-hard-fail",
            bindAddressHardFail,
            \.bindAddressHardFail,
            at: "bindAddressHardFail",
            .bool
        )
        flags.set("profiling", profiling, \.enableProfiling, at: "enableProfiling", .bool)
        flags.set(
            "show-hidden-metrics-for-version",
            showHiddenMetricsForVersion,
            \.showHiddenMetricsForVersion,
            at: "showHiddenMetricsForVersion",
            .text
        )
        flags.set("oom-score-adj", oomScoreAdj, \.oomScoreAdj, at: "oomScoreAdj", .number)
    }
}

extension FlagApplier {
    /// A port counts only for an address without one; 0 switches the server off, as kube-proxy's help has it.
    ///
    /// kube-proxy itself then refuses the metrics server's empty address.
    fileprivate mutating func setPort(
        _ flag: String,
        _ text: String?,
        _ keyPath: WritableKeyPath<KubeProxyConfiguration, String>,
        at field: String,
        standard: Int
    ) {
        var port = standard
        if reads(flag, { "\(BindAddress($0[keyPath: keyPath])?.port ?? 0)" }) { return }
        if let text {
            note(flag, at: field)
            guard let number = PlainScalar.value(of: text).asInteger, (0...65535).contains(number) else {
                refuse(flag, text, wanted: "a port from 0 to 65535")
                return
            }
            port = Int(number)
        }
        let address = configuration[keyPath: keyPath]
        configuration[keyPath: keyPath] = port == 0 ? "" : BindAddress.text(address, defaultPort: port)
    }
}
