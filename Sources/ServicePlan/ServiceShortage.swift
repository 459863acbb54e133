// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
public import KubernetesObjects

/// Why virtual IPs of a Service have no endpoints.
public struct ServiceShortage: Hashable, Sendable, CustomStringConvertible {
    /// Whether the reason is a traffic policy that keeps to this node, which has no endpoint. Then it is no fault.
    public var isWanted: Bool
    /// Plain words, the port named.
    public var description: String
}

extension ServiceExplanation {
    /// One for each reason, the weightiest first.
    ///
    /// - Parameter slices: of the Service.
    public func shortages(slices: [EndpointSlice]) -> [ServiceShortage] {
        var shortages: [ServiceShortage] = []
        for port in ports {
            guard let shortage = port.shortage(slices), !shortages.contains(shortage) else { continue }
            shortages.append(shortage)
        }
        return shortages.filter { !$0.isWanted } + shortages.filter(\.isWanted)
    }
}

extension PortExplanation {
    fileprivate func shortage(_ slices: [EndpointSlice]) -> ServiceShortage? {
        let bare = virtualIPs.filter(\.realServers.isEmpty)
        guard !bare.isEmpty else { return nil }
        guard !slices.isEmpty else {
            return fault("it has no EndpointSlice: does its selector match a pod?")
        }
        let name = id.port.isEmpty ? "its port" : "port \(id.port)"
        guard slices.contains(where: { $0.family == family }) else {
            return fault("it has no EndpointSlice of \(family)")
        }
        if endpoints.isEmpty {
            return slicesWithoutPort.isEmpty
                ? fault("\(name) has no endpoint of \(family): its EndpointSlices are empty")
                : fault(
                    "no EndpointSlice has \(name) (\(id.transport), \(family)): compare the port's name with those of the slices"
                )
        }
        if endpoints.allSatisfy({ !$0.canServe }) {
            return fault("\(name): none of its \(endpoints.count) endpoints of \(family) is ready")
        }
        var kinds: [String] = []
        for virtualIP in bare where kinds.last != virtualIP.virtualIP.kind.rawValue {
            kinds.append(virtualIP.virtualIP.kind.rawValue)
        }
        let text = "\(name): \(kinds.joined(separator: " and ")) of \(family) is not served by this node"
        guard bare.allSatisfy({ $0.source != .clusterList }) else { return fault(text) }
        return ServiceShortage(
            isWanted: true, description: "\(text): no endpoint is here, and the traffic policy is Local")
    }

    private func fault(_ text: String) -> ServiceShortage {
        ServiceShortage(isWanted: false, description: text)
    }
}

extension EndpointExplanation {
    fileprivate var canServe: Bool {
        (clusterVerdict == .listUnused ? localVerdict : clusterVerdict).canServe
    }
}

extension EndpointVerdict {
    /// Whether the endpoint would do if nothing else kept it out.
    fileprivate var canServe: Bool {
        switch self {
        case .notReady, .terminated: false
        case .ready, .servingWhileTerminating, .readyOnesExist, .otherNode, .hintedToOtherNodes, .hintedToOtherZones,
            .duplicate,
            .listUnused:
            true
        }
    }
}
