// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
import KubernetesHTTP

/// What `/healthz` and `/livez` say, as kube-proxy 1.36 writes it (`pkg/proxy/healthcheck/proxy_health.go`).
package struct HealthReport: Hashable, Sendable {
    package struct FamilyStatus: Hashable, Sendable {
        /// `nil` before there was one.
        var lastUpdated: UnixTime?
        package var isHealthy: Bool
        /// Objects that the kernel has refused and not taken since. They make no family unhealthy.
        var refusedObjects = 0
    }

    var currentTime: UnixTime
    /// `nil` where the node does not count.
    package var isNodeEligible: Bool?
    package var families: [IPFamily: FamilyStatus]
    /// Settings of the kernel that are not as the data plane needs them and cannot be written, by their keys. They make no node
    /// unhealthy: its pods would go, and no other node serve better.
    var degradedSettings: [String] = []
    /// What a dry run finds otherwise than it is wanted; `nil` where the daemon writes.
    var dryRunDifferences: Int?

    /// Whether all families are healthy. The node does not count here.
    var isHealthy: Bool { families.values.allSatisfy(\.isHealthy) }

    /// The HTTP status: 200 or 503.
    package var code: Int { isHealthy && isNodeEligible ?? true ? 200 : 503 }

    /// On one line, without a line break at the end.
    package var json: String {
        // kube-proxy says "now" when all is well, as it did before it knew when something was last to do.
        let lastUpdated = code == 200 ? currentTime : families.values.compactMap(\.lastUpdated).max()
        var json = "{\"lastUpdated\":\(Self.json(lastUpdated)),\"currentTime\":\(Self.json(currentTime))"
        if let isNodeEligible {
            json += ",\"nodeEligible\":\(isNodeEligible)"
        }
        let status = families.sorted { $0.key < $1.key }.map { family, status in
            // kube-proxy knows no refused objects: where there are none, the words are its own.
            let refused = status.refusedObjects > 0 ? ",\"refusedObjects\":\(status.refusedObjects)" : ""
            return "\"\(family)\":{\"lastUpdated\":\(Self.json(status.lastUpdated)),"
                + "\"healthy\":\(status.isHealthy)\(refused)}"
        }
        // As above, kube-proxy knows none.
        if !degradedSettings.isEmpty {
            json += ",\"degradedSettings\":[\(degradedSettings.map { "\"\($0)\"" }.joined(separator: ","))]"
        }
        if let dryRunDifferences {
            json += ",\"dryRunDifferences\":\(dryRunDifferences)"
        }
        return json + ",\"healthy\":\(isHealthy),\"status\":{\(status.joined(separator: ","))}}"
    }

    /// Go's zero time where there is none.
    private static func json(_ time: UnixTime?) -> String {
        "\"\(time?.microTime ?? "0001-01-01T00:00:00Z")\""
    }
}
