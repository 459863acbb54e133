// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects

/// Whether the virtual IPs of a port send clients to an endpoint, and if not, why.
public enum EndpointUse: Hashable, Sendable {
    /// All of them do. With a reason where that is out of the ordinary.
    case everywhere(EndpointVerdict)
    /// Some of them do; the reason is why the first of the others does not.
    case partly(by: [VirtualIP.Kind], notBy: [VirtualIP.Kind], EndpointVerdict)
    case nowhere(EndpointVerdict)
    case noVirtualIP

    public var isUsed: Bool {
        switch self {
        case .everywhere, .partly: true
        case .nowhere, .noVirtualIP: false
        }
    }
}

extension EndpointUse: CustomStringConvertible {
    public var description: String {
        switch self {
        case .everywhere(.servingWhileTerminating): "used: \(EndpointVerdict.servingWhileTerminating.rawValue)"
        case .everywhere: "used"
        case .partly(let kinds, let others, let verdict):
            "used by \(Self.list(kinds)); not by \(Self.list(others)): \(verdict.rawValue)"
        case .nowhere(let verdict): "not used: \(verdict.rawValue)"
        case .noVirtualIP: "not used: the port has no virtual IP"
        }
    }

    private static func list(_ kinds: [VirtualIP.Kind]) -> String {
        kinds.map(\.rawValue).joined(separator: " and ")
    }
}

extension PortExplanation {
    /// The use of each endpoint, in the order of `endpoints`.
    public var uses: [EndpointUse] {
        let servers = virtualIPs.map { Set($0.realServers) }
        return endpoints.map { endpoint in
            guard endpoint.clusterVerdict != .duplicate else { return .nowhere(.duplicate) }
            guard let first = virtualIPs.first else { return .noVirtualIP }
            let id = RealServer.ID(address: endpoint.endpoint.address, port: endpoint.port)
            var used: [VirtualIP.Kind] = []
            var others: [VirtualIP.Kind] = []
            var reason: EndpointVerdict?
            for (virtualIP, servers) in zip(virtualIPs, servers) {
                let kind = virtualIP.virtualIP.kind
                if servers.contains(id) {
                    if used.last != kind { used.append(kind) }
                } else {
                    if others.last != kind { others.append(kind) }
                    reason = reason ?? endpoint.verdict(in: virtualIP.source)
                }
            }
            guard let reason else { return .everywhere(endpoint.verdict(in: first.source)) }
            return used.isEmpty ? .nowhere(reason) : .partly(by: used, notBy: others, reason)
        }
    }
}

extension EndpointExplanation {
    fileprivate func verdict(in source: EndpointSelection.Source) -> EndpointVerdict {
        switch source {
        case .clusterList: clusterVerdict
        case .localList: localVerdict
        // Internal traffic alone has no cluster list to fall back to.
        case .clusterListForWantOfLocal: clusterVerdict == .listUnused ? localVerdict : clusterVerdict
        }
    }
}
