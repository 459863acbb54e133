// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import ServicePlan

/// `explain -o json`: `docs/inspection.md` says what each key means.
extension ServiceExplanation {
    func json(_ findings: ServiceFindings) -> JSONValue {
        [
            "namespace": .string(service.name.namespace),
            "name": .string(service.name.name),
            "works": .bool(findings.troubles.isEmpty),
            "troubles": .array(findings.troubles.map(JSONValue.string)),
            "remarks": .array(findings.remarks.map(JSONValue.string)),
            "ports": .array(ports.map { $0.json(findings) }),
            "notes": .array(findings.details.map(JSONValue.string)),
        ]
    }
}

extension PortExplanation {
    fileprivate func json(_ findings: ServiceFindings) -> JSONValue {
        [
            "name": .string(id.port),
            "protocol": .string("\(id.transport)"),
            "family": .string("\(family)"),
            "virtualIPs": .array(virtualIPs.map { $0.json(findings) }),
            "endpoints": .array(zip(endpoints, uses).map { $0.json($1) }),
        ]
    }
}

extension VirtualIPExplanation {
    fileprivate func json(_ findings: ServiceFindings) -> JSONValue {
        [
            "kind": .string(virtualIP.kind.key),
            "address": .string("\(virtualIP.id.address)"),
            "port": .integer(Int64(virtualIP.id.port)),
            "endpoints": .array(realServers.map { JSONValue.string("\($0)") }),
            "notes": .array((findings.lines[virtualIP.id] ?? []).map(JSONValue.string)),
        ]
    }
}

extension EndpointExplanation {
    fileprivate func json(_ use: EndpointUse) -> JSONValue {
        [
            "address": .string("\(endpoint.address)"),
            "port": .integer(Int64(port)),
            "node": endpoint.nodeName.map(JSONValue.string) ?? .null,
            "slice": .string(slice.name),
            "used": .bool(use.isUsed),
            "use": .string("\(use)"),
        ]
    }
}

extension VirtualIP.Kind {
    fileprivate var key: String {
        switch self {
        case .clusterIP: "clusterIP"
        case .externalIP: "externalIP"
        case .loadBalancer: "loadBalancer"
        case .nodePort: "nodePort"
        }
    }
}
