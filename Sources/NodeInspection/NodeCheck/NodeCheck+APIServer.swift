// SPDX-License-Identifier: GPL-2.0-or-later
import KubeProxyConfig
import KubernetesHTTP
import Logging
import NodeStartup

extension NodeCheck {
    /// Asks the API server whether the daemon would get what it needs there.
    ///
    /// - Returns: nothing where the objects come from files, or where nobody knows from where.
    static func observeAPIServer(
        _ settings: EffectiveSettings,
        _ source: Result<ObjectSource, StartError>,
        version: String
    ) async -> [NodeFinding] {
        guard case .success(.cluster(let connection)) = source else { return [] }
        let client = ClusterClient(
            connection,
            settings: .init(settings.client),
            version: version,
            logger: Logger(label: "kube-ipvs", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        return await client.review(nodeName: settings.nodeName).findings
    }
}

extension APIServerReview {
    /// The first minor that serves `discovery.k8s.io/v1`, where EndpointSlices come from.
    private static var firstMinor: Int { 21 }

    var findings: [NodeFinding] {
        if let failure {
            return [
                NodeFinding(
                    .failure, "API server",
                    "\(server) does not answer: \(failure). Without it the daemon serves nothing on a node that starts")
            ]
        }
        return [release] + permissionFindings
    }

    private var release: NodeFinding {
        guard let minor else {
            return NodeFinding(.notice, "API server", "\(server) answers, and does not say its version")
        }
        guard minor >= Self.firstMinor else {
            return NodeFinding(
                .failure, "API server",
                "\(server) is \(version), which has no discovery.k8s.io/v1: it takes 1.\(Self.firstMinor) or later")
        }
        return NodeFinding(.ok, "API server", "\(server), \(version)")
    }

    private var permissionFindings: [NodeFinding] {
        let sorted = permissions.sorted { "\($0.key)" < "\($1.key)" }
        var findings: [NodeFinding] = []
        for (permission, answer) in sorted {
            switch answer {
            case .allowed: break
            case .denied(let reason):
                findings.append(
                    NodeFinding(
                        permission.isVital ? .failure : .warning, "permissions",
                        "the daemon may not \(permission)\(reason.isEmpty ? "" : " (\(reason))"): "
                            + "give its account the ClusterRole of the manifests, or system:node-proxier"))
            case .unknown: break
            }
        }
        let unknown = sorted.compactMap { entry -> (APIPermission, String)? in
            if case .unknown(let error) = entry.value { (entry.key, "\(error)") } else { nil }
        }
        if let first = unknown.first {
            findings.append(
                NodeFinding(
                    .warning, "permissions",
                    "it is not known whether the daemon may \(unknown.map { "\($0.0)" }.joined(separator: ", ")): \(first.1)"
                ))
        }
        guard findings.isEmpty else { return findings }
        return [NodeFinding(.ok, "permissions", "all that the daemon does with the API is allowed")]
    }
}
