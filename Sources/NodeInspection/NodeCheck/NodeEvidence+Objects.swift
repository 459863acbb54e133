// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan

/// What Services want, against what the node has.
extension NodeEvidence {
    var objects: [NodeFinding] {
        clusterIPs + Self.concerns(addressConcerns)
    }

    /// IPVS takes packets to a cluster IP before a program at that address sees them.
    private var clusterIPs: [NodeFinding] {
        guard !clusterIPsElsewhere.isEmpty else { return [] }
        return [
            NodeFinding(
                .warning, "cluster IPs",
                "\(Self.list(clusterIPsElsewhere.sorted())): who listens there hears nothing, for IPVS takes it first; have "
                    + "node-local-dns listen at its link-local address alone")
        ]
    }

    private static func concerns(_ concerns: [ObjectName: Set<AddressConcern>]) -> [NodeFinding] {
        var texts: [Bool: [String]] = [:]
        for (service, found) in concerns {
            for concern in found { texts[concern.isAttracted, default: []].append("\(service): \(concern)") }
        }
        return [true, false].compactMap { isAttracted in
            texts[isAttracted].map { NodeFinding(.warning, "addresses", list($0.sorted())) }
        }
    }

    private static func list(_ texts: [String]) -> String {
        texts.prefix(3).joined(separator: "; ") + (texts.count > 3 ? "; and \(texts.count - 3) more" : "")
    }
}
