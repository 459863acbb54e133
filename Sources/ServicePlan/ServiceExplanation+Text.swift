import Addressing
import DataplaneModel
import KubernetesObjects

extension ServiceExplanation: CustomStringConvertible {
    /// Plain text: one line for each virtual IP and each endpoint.
    public var description: String {
        lines { _ in [] }.joined(separator: "\n")
    }

    /// The same line by line.
    ///
    /// - Parameter notes: what is to be said below the line of a virtual IP.
    public func lines(notingOnVirtualIPs notes: (VirtualIP) -> [String]) -> [String] {
        var lines = ["Service \(service.name)"]
        for (family, absence) in absences.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(family): \(absence.rawValue)")
        }
        for port in ports {
            lines.append("  \(port.family) port \(port.id) (\(port.id.transport))")
            lines += port.lines(notes).map { "    " + $0 }
        }
        return lines
    }
}

extension PortExplanation {
    fileprivate func lines(_ notes: (VirtualIP) -> [String]) -> [String] {
        var lines = virtualIPs.flatMap { [$0.description] + notes($0.virtualIP).map { "  " + $0 } }
        switch topology {
        case .everywhere: break
        case .sameNode: lines.append("topology hints: endpoints for this node only")
        case .sameZone: lines.append("topology hints: endpoints for this node's zone only")
        }
        lines += endpoints.map(\.description)
        lines += slicesWithoutPort.map { "slice \($0): has no such port" }
        lines += omissions.filter { $0 != .vitalAddress }.map { "left out: \($0.rawValue)" }
        lines += concerns.map { ($0.isAttracted ? "beware: " : "left out: ") + $0.description }
        return lines
    }
}

extension VirtualIPExplanation: CustomStringConvertible {
    public var description: String {
        var text = "\(virtualIP.kind.rawValue) \(virtualIP.id): \(realServers.count) of \(source)"
        switch virtualIP.binding {
        case .bound: break
        case .onOtherInterface: text += ", not bound: the address is on another interface"
        case .nodeAddress: text += ", an address of this node"
        }
        if !sourceRanges.isEmpty {
            text += ", only from " + sourceRanges.map(\.description).joined(separator: " ")
        }
        if isClosedToNode {
            text += ", closed to this node"
        }
        return text
    }
}

extension EndpointExplanation: CustomStringConvertible {
    public var description: String {
        let place = isLocal ? "this node" : endpoint.nodeName ?? "no node"
        return "endpoint \(endpoint.address.joined(port: port)) on \(place): "
            + "cluster list: \(clusterVerdict.rawValue); local list: \(localVerdict.rawValue)"
    }
}

extension EndpointSelection.Source: CustomStringConvertible {
    public var description: String {
        switch self {
        case .clusterList: "the cluster list"
        case .localList: "the local list"
        case .clusterListForWantOfLocal: "the cluster list, because the local list is empty"
        }
    }
}
