// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesHTTP
import KubernetesObjects
import NodeStatus
import ProxyTelemetry

/// What the daemon answers on its local socket: `GET /status`, and `POST /names` for virtual servers.
struct LocalAnswers: Sendable {
    let status: StatusBoard
    let health: HealthBoard
    let proxy: ServiceProxy
    /// With what does not change.
    let facts: StatusReport

    func answer(_ question: LocalQuestion) async -> LocalAnswer {
        switch (question.method, question.path) {
        case ("GET", "/status"):
            return LocalAnswer(200, "application/json", report.json.text + [UInt8(ascii: "\n")])
        case ("POST", "/names"):
            guard let ids = ServerNamesText.asked(in: question.body) else {
                return LocalAnswer(400, "want lines of protocol, address and port of a virtual server")
            }
            let names = await proxy.names(of: ids)
            return LocalAnswer(200, "text/tab-separated-values; charset=utf-8", ServerNamesText.answer(names))
        case (_, "/status"), (_, "/names"): return LocalAnswer(405, "want GET /status or POST /names")
        default: return LocalAnswer(404, "want GET /status or POST /names")
        }
    }

    var report: StatusReport {
        let readiness = health.readiness
        var facts = facts
        facts.time = UnixTime.current.microTime
        facts.isNodeEligible = readiness.isNodeEligible ?? true
        let healthy = readiness.families.filter(\.value.isHealthy).keys
        return status.report(into: facts, healthy: Set(healthy), at: .now)
    }
}
