import HTTPSurfaces
public import KubeProxyConfig
import KubernetesHTTP
import Telemetry

/// What the daemon was started with, as the metrics server shows it.
public struct StartFacts: Sendable {
    /// Such as `0.1.0`.
    public var version: String
    /// The body of `/configz`.
    public var configz: String
    /// Command line flags and their values, without those of `configz`.
    public var flags: [String: String]

    public init(version: String, configz: String, flags: [String: String]) {
        self.version = version
        self.configz = configz
        self.flags = flags
    }

    public init(version: String, _ configuration: KubeProxyConfiguration, flags: [String: String] = [:]) {
        self.init(version: version, configz: configuration.configz, flags: flags)
    }
}

/// What the metrics server answers (`metricsBindAddress`).
struct MetricsSurface: Sendable {
    let metrics: ProxyMetrics
    let facts: StartFacts
    let gates: FeatureGates
    let start = UnixTime.current

    func answer(_ question: HTTPQuestion) -> HTTPAnswer {
        switch question.path {
        case "/metrics":
            return HTTPAnswer(contentType: MetricRegistry.contentType, body: metrics.text())
        case "/proxyMode":
            return .text("ipvs")
        case "/healthz":
            return .text("ok")
        case "/configz":
            return HTTPAnswer(contentType: "application/json", headers: [.noSniffing], body: facts.configz)
        case "/statusz" where gates.componentStatusz:
            return .text(statusPage(at: .current))
        case "/flagz" where gates.componentFlagz:
            return .text(flagPage)
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
            Paths: /configz /flagz /healthz /metrics /proxyMode /statusz

            """
    }

    private var flagPage: String {
        Self.head("flagz") + facts.flags.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
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
