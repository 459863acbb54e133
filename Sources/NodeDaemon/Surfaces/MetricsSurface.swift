// SPDX-License-Identifier: GPL-2.0-or-later
import HTTPSurfaces
public import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
public import ProxyTelemetry
import Telemetry

/// What the daemon was started with, as the metrics server shows it.
public struct StartFacts: Sendable {
    /// Such as `0.1.0`.
    public var version: String
    /// The body of `/configz`.
    public var configz: String
    /// All flags, and what they come to.
    public var flags: [String: String]
    /// How much is logged.
    public var verbosity: LogVerbosity

    public init(
        version: String,
        _ configuration: KubeProxyConfiguration,
        flags: [String: String] = [:],
        verbosity: LogVerbosity = LogVerbosity(0)
    ) {
        self.version = version
        self.configz = configuration.configz
        self.flags = flags
        self.verbosity = verbosity
    }
}

/// What the metrics server answers (`metricsBindAddress`).
struct MetricsSurface: Sendable {
    let metrics: ProxyMetrics
    let facts: StartFacts
    let gates: FeatureGates
    /// Whether `/debug` is there.
    let isProfiled: Bool
    let start = UnixTime.current
    private let rendered = RenderedText()

    init(metrics: ProxyMetrics, facts: StartFacts, gates: FeatureGates, isProfiled: Bool = false) {
        self.metrics = metrics
        self.facts = facts
        self.gates = gates
        self.isProfiled = isProfiled
    }

    /// Where `PUT` is answered.
    var writablePaths: Set<String> { isProfiled ? [Self.verbosityPath] : [] }

    private static var verbosityPath: String { "/debug/flags/v" }

    func answer(_ question: HTTPQuestion) -> HTTPAnswer {
        switch question.path {
        case "/metrics":
            return HTTPAnswer(contentType: MetricRegistry.contentType, body: rendered.text { metrics.text() })
        case "/metrics/slis":
            return HTTPAnswer(contentType: MetricRegistry.contentType, body: metrics.indicators.text)
        case "/proxyMode":
            return .text("ipvs")
        case "/healthz":
            // What kube-proxy's `ping` stands for: whoever gets an answer has one.
            metrics.indicators.note("ping", .healthz, isHealthy: true)
            var answer = HTTPAnswer.text("ok")
            answer.headers.append(.ownServer)
            return answer
        case "/configz":
            return HTTPAnswer(contentType: "application/json", headers: [.noSniffing], body: facts.configz)
        case "/statusz" where gates.componentStatusz:
            return .text(statusPage(at: .current))
        case "/flagz" where gates.componentFlagz:
            return .text(flagPage)
        case Self.verbosityPath where isProfiled:
            return setVerbosity(question.put)
        case let path where isProfiled && path.hasPrefix("/debug/pprof"):
            return HTTPAnswer(
                code: 404,
                contentType: "text/plain; charset=utf-8",
                headers: [.noSniffing],
                body:
                    "kube-ipvs is no Go program and has no Go profiles. On its node, perf(1) shows where its time goes.\n"
            )
        default:
            return .notFound
        }
    }

    /// The lines are for people; kube-proxy makes a point of changing their form with each request.
    func statusPage(at now: UnixTime) -> String {
        let seconds = max(0, (now.microseconds - start.microseconds) / 1_000_000)
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        return Self.head("statusz") + """
            Started: \(start.microTime)
            Up: \(hours) hr \(Self.padded(minutes)) min \(Self.padded(seconds % 60)) sec
            Binary version: \(facts.version)
            Paths: /configz /flagz /healthz /metrics /metrics/slis /proxyMode /statusz

            """
    }

    private var flagPage: String {
        let flags = facts.flags.merging(["v": "\(facts.verbosity.value)"]) { $1 }
        return Self.head("flagz") + flags.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.visible)\n" }.joined()
    }

    /// In the words of `logs.GlogSetter` and with the codes of `routes.StringFlagPutHandler`, which kube-proxy has here.
    private func setVerbosity(_ text: String?) -> HTTPAnswer {
        guard let text else {
            var answer = HTTPAnswer.text("unsupported http method")
            answer.code = 406
            return answer
        }
        guard let verbosity = Int32(text), verbosity >= 0 else {
            var answer = HTTPAnswer.text("failed set klog.logging.verbosity \(text): it is no number of 0 or more")
            answer.code = 500
            return answer
        }
        facts.verbosity.value = Int(verbosity)
        return .text("successfully set klog.logging.verbosity to \(text)")
    }

    private static func head(_ page: String) -> String {
        """

        kube-proxy \(page)
        Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for \
        debugging purposes only.


        """
    }

    private static func padded(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
