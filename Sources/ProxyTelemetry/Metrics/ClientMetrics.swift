// SPDX-License-Identifier: GPL-2.0-or-later
package import KubernetesHTTP
import Telemetry

/// What client-go tells of requests to the API server (`metrics/prometheus/restclient` of k8s.io/component-base): those of its
/// families that have a meaning here.
package struct ClientMetrics: Sendable {
    private let results: Counter
    private let durations: Histogram
    private let requestSizes: Histogram
    private let responseSizes: Histogram

    init(_ registry: MetricRegistry) {
        results = registry.counter(
            "rest_client_requests_total",
            "[ALPHA] Number of HTTP requests, partitioned by status code, method, and host.",
            labels: ["code", "method", "host"]
        )
        durations = registry.histogram(
            "rest_client_request_duration_seconds",
            "[ALPHA] Request latency in seconds. Broken down by verb, and host.",
            labels: ["verb", "host"],
            bounds: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]
        )
        let sizes: [Double] = [64, 256, 512, 1024, 4096, 16384, 65536, 262_144, 1_048_576, 4_194_304, 16_777_216]
        requestSizes = registry.histogram(
            "rest_client_request_size_bytes",
            "[ALPHA] Request size in bytes. Broken down by verb and host.",
            labels: ["verb", "host"],
            bounds: sizes
        )
        responseSizes = registry.histogram(
            "rest_client_response_size_bytes",
            "[ALPHA] Response size in bytes. Broken down by verb and host.",
            labels: ["verb", "host"],
            bounds: sizes
        )
    }

    package func note(_ observation: RequestObservation) {
        let (method, host) = (observation.method, observation.host)
        switch observation.stage {
        case .answered(let code):
            results.increment("\(code)", method, host)
        case .unanswered:
            // In client-go's words.
            results.increment("<error>", method, host)
        case .done(let duration, let sent, let received):
            durations.observe(duration, method, host)
            requestSizes.observe(Double(sent), method, host)
            responseSizes.observe(Double(received), method, host)
        }
    }
}
