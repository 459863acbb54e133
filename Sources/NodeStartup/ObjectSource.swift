// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesHTTP

/// Where Services and EndpointSlices come from.
public enum ObjectSource: Hashable, Sendable {
    /// A directory of YAML and JSON files.
    case manifests(String)
    /// An API server.
    case cluster(ClusterConnection)
}

extension ObjectSource: CustomStringConvertible {
    public var description: String {
        switch self {
        case .manifests(let path): path
        case .cluster(let connection): "\(connection.server)"
        }
    }
}
