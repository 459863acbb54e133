// SPDX-License-Identifier: GPL-2.0-or-later
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
        if let setup = settings.words { lines.append(setup) }
        lines += zip(endpoints, uses).map { endpoint, use in
            "\(endpoint): \(use)" + (use.isUsed && settings.weighing != nil ? ", weight \(endpoint.weight)" : "")
        }
        lines += slicesWithoutPort.map { "slice \($0): has no such port" }
        lines += settings.refusals.map { "refused: \($0)" }
        lines += omissions.filter { $0 != .vitalAddress && $0 != .setting }.map { "left out: \($0.rawValue)" }
        lines += concerns.map { ($0.isAttracted ? "beware: " : "left out: ") + $0.description }
        return lines
    }
}

extension ServerSettings {
    /// Such as `scheduler wrr, slow start 30 s`; `nil` for what every Service has with the scheduler rr.
    fileprivate var words: String? {
        guard scheduler != .roundRobin else { return nil }
        var parts = ["scheduler \(scheduler)"]
        var names: [String] = []
        if flags.contains(.scheduler1) { names.append("\(scheduler)-fallback") }
        if flags.contains(.scheduler2) { names.append("\(scheduler)-port") }
        if !names.isEmpty { parts.append("flags " + names.joined(separator: ",")) }
        if slowStart > 0 { parts.append("slow start \(slowStart) s") }
        return parts.joined(separator: ", ")
    }
}

extension VirtualIPExplanation: CustomStringConvertible {
    public var description: String {
        var text = "\(virtualIP.kind.rawValue) \(virtualIP.id): \(Self.count(realServers.count))"
        switch source {
        case .clusterList: break
        case .localList: text += " on this node"
        case .clusterListForWantOfLocal:
            text += realServers.isEmpty ? " on this node" : ", of other nodes because this one has none"
        }
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

    private static func count(_ number: Int) -> String {
        switch number {
        case 0: "no endpoint"
        case 1: "1 endpoint"
        default: "\(number) endpoints"
        }
    }
}

extension EndpointExplanation: CustomStringConvertible {
    /// Such as `endpoint 10.244.0.1:8080 on this node`.
    public var description: String {
        "endpoint \(endpoint.address.joined(port: port)) on \(isLocal ? "this node" : endpoint.nodeName ?? "no node")"
    }
}
