// SPDX-License-Identifier: GPL-2.0-or-later
import HTTPSurfaces
import ProxyTelemetry

/// What the health server answers (`healthzBindAddress`).
struct HealthSurface: Sendable {
    let health: HealthBoard
    let metrics: KubeProxyMetrics

    func answer(_ question: HTTPQuestion) -> HTTPAnswer {
        switch question.path {
        case "/healthz":
            let report = health.readiness
            metrics.noteHealthAnswer(code: report.code)
            return Self.answer(report)
        case "/livez":
            let report = health.liveness
            metrics.noteLivenessAnswer(code: report.code)
            return Self.answer(report)
        default:
            return .notFound
        }
    }

    private static func answer(_ report: HealthReport) -> HTTPAnswer {
        HTTPAnswer(
            code: report.code, contentType: "application/json", headers: [.noSniffing, .ownServer], body: report.json)
    }
}

extension HTTPAnswer.Header {
    /// Says who answers a probe (RFC 9110, section 10.2.4). kube-proxy listens at the same ports, and its health is not ours.
    static let ownServer = Self("Server", "kube-ipvs")
}
