// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

extension ServiceFields {
    /// The Service with every field checked. An annotation that cannot be used is left out alone, and a rejection reports it.
    ///
    /// Defaults are those that the API server fills in, because a Service from a file has not been there.
    public func checked() -> CheckedObject<Service> {
        if let ignored { return CheckedObject(ignored: ignored) }

        var list = RejectionList(kind: "Service", object: name)
        var service = Service(name: name)
        service.creationTime = checkedCreationTime(&list)
        service.kind = list.choice(
            type,
            "spec.type",
            [
                "ClusterIP": .clusterIP, "NodePort": .nodePort, "LoadBalancer": .loadBalancer,
                "ExternalName": .externalName,
            ]
        )
        service.clusterIPs = checkedClusterIPs(&list)
        // With a rejected cluster IP nobody knows which families the Service should have had.
        let families =
            list.rejections.contains { $0.field.hasPrefix("spec.clusterIP") || $0.field.hasPrefix("spec.ipF") }
            ? Set(IPFamily.allCases) : Set(service.clusterIPs.map(\.family))

        service.ports = checkedPorts(&list)
        service.externalIPs = unique(
            externalIPs.enumerated().compactMap { index, text in
                address(text, "spec.externalIPs[\(index)]", of: families, &list)
            }
        )
        service.loadBalancerVIPs = unique(
            loadBalancerIngress.enumerated().compactMap { index, ingress in
                guard let ip = ingress.ip, !ip.isEmpty, isProgrammed(ingress, at: index, &list) else { return nil }
                return address(ip, "status.loadBalancer.ingress[\(index)].ip", of: families, &list)
            }
        )
        checkSourceRanges(of: &service, &list)

        let policies: KeyValuePairs<String, Service.TrafficPolicy> = ["Cluster": .cluster, "Local": .local]
        service.internalTrafficPolicy = list.choice(internalTrafficPolicy, "spec.internalTrafficPolicy", policies)
        service.externalTrafficPolicy = list.choice(externalTrafficPolicy, "spec.externalTrafficPolicy", policies)
        service.clientAffinityTimeout = checkedAffinity(&list)
        if service.kind == .loadBalancer, service.externalTrafficPolicy == .local,
            let healthCheckNodePort, healthCheckNodePort != 0
        {
            service.healthCheckNodePort = list.port(healthCheckNodePort, "spec.healthCheckNodePort") ?? 0
        }
        service.settings = annotations.checkedForService(&list)
        return CheckedObject(object: service, rejections: list.rejections)
    }

    /// Why the Service is none of ours: kube-proxy's label selector and field selector, and what it skips in code.
    private var ignored: IgnoredReason? {
        if isOfOtherProxy { return .otherProxy }
        if type == "ExternalName" { return .externalName }
        // The API server keeps `clusterIP` equal to the first of `clusterIPs`.
        switch clusterIP ?? clusterIPs.first {
        case "None": return .headless
        case nil, "": return .noClusterIP
        default: return nil
        }
    }

    /// In whole seconds, as the API has it.
    private func checkedCreationTime(_ list: inout RejectionList) -> Int64? {
        switch creationTimestamp {
        case nil: return nil
        case .seconds(let seconds): return seconds
        case .text(let text):
            if let time = RFC3339Time(text) { return time.microseconds / 1_000_000 }
            list.reject(
                "metadata.creationTimestamp",
                .unknownValue,
                "\(text.quotedForMessage) is no RFC 3339 time such as 2026-03-01T12:00:00Z; taken as the youngest"
            )
            return nil
        }
    }

    private func checkedClusterIPs(_ list: inout RejectionList) -> [IPAddress] {
        let families = ipFamilies.enumerated().map { index, name in
            let family = IPFamily.allCases.first { $0.description == name }
            if family == nil {
                list.reject(
                    "spec.ipFamilies[\(index)]",
                    .unknownValue,
                    "\(name.quotedForMessage) is not a family: want IPv4 or IPv6"
                )
            }
            return family
        }
        var addresses: [IPAddress] = []
        for (index, text) in (clusterIPs.isEmpty ? [clusterIP ?? ""] : clusterIPs).enumerated() {
            let field = clusterIPs.isEmpty ? "spec.clusterIP" : "spec.clusterIPs[\(index)]"
            guard let address = list.address(text, field) else { continue }
            if !families.isEmpty {
                guard index < families.count else {
                    list.reject(field, .wrongFamily, "\(address) has no family in spec.ipFamilies")
                    continue
                }
                if let wanted = families[index], wanted != address.family {
                    list.reject(field, .wrongFamily, "\(address) is not \(wanted) as spec.ipFamilies[\(index)] says")
                    continue
                }
            }
            guard !addresses.contains(where: { $0.family == address.family }) else {
                list.reject(field, .duplicate, "\(address) is a second \(address.family) cluster IP")
                continue
            }
            addresses.append(address)
        }
        return addresses
    }

    /// Names need only differ for one protocol: that is what slices are matched by.
    private func checkedPorts(_ list: inout RejectionList) -> [ServicePort] {
        var checked: [ServicePort] = []
        // There may be as many as 65,535 for each protocol, so none is searched for among the others.
        var taken: (ports: Set<Claim<UInt16>>, names: Set<Claim<String>>, nodePorts: Set<Claim<UInt16>>) = ([], [], [])
        for (index, fields) in ports.enumerated() {
            let path = "spec.ports[\(index)]"
            guard let number = fields.port else {
                list.reject("\(path).port", .missingField, "the port has no number")
                continue
            }
            guard let port = list.port(number, "\(path).port"),
                let transport = list.transport(fields.transport, "\(path).protocol")
            else { continue }
            let name = fields.name ?? ""
            guard !taken.ports.contains(Claim(port, transport)) else {
                list.reject("\(path).port", .duplicate, "\(port)/\(transport) is a port of the Service already")
                continue
            }
            guard !taken.names.contains(Claim(name, transport)) else {
                list.reject(
                    "\(path).name",
                    .duplicate,
                    "another \(transport) port of the Service is named \(name.quotedForMessage) already"
                )
                continue
            }
            var nodePort: UInt16 = 0
            if let number = fields.nodePort, number != 0 {
                nodePort = list.port(number, "\(path).nodePort") ?? 0
            }
            if nodePort != 0, taken.nodePorts.contains(Claim(nodePort, transport)) {
                list.reject(
                    "\(path).nodePort",
                    .duplicate,
                    "\(nodePort)/\(transport) is a node port of the Service already"
                )
                nodePort = 0
            }
            taken.ports.insert(Claim(port, transport))
            taken.names.insert(Claim(name, transport))
            taken.nodePorts.insert(Claim(nodePort, transport))
            checked.append(ServicePort(name: name, transport: transport, port: port, nodePort: nodePort))
        }
        return checked
    }

    /// What one port of a Service has for itself, among those of its protocol.
    private struct Claim<Value: Hashable>: Hashable {
        var value: Value
        var transport: TransportProtocol

        init(_ value: Value, _ transport: TransportProtocol) {
            self.value = value
            self.transport = transport
        }
    }

    private func address(
        _ text: String,
        _ field: String,
        of families: Set<IPFamily>,
        _ list: inout RejectionList
    ) -> IPAddress? {
        guard let address = list.address(text, field) else { return nil }
        guard families.contains(address.family) else {
            list.reject(field, .wrongFamily, "\(address) is \(address.family), and the Service has no such cluster IP")
            return nil
        }
        return address
    }

    /// Whether the ingress is a virtual IP: with `ipMode: Proxy` the load balancer sends to the nodes themselves.
    private func isProgrammed(_ ingress: Ingress, at index: Int, _ list: inout RejectionList) -> Bool {
        let field = "status.loadBalancer.ingress[\(index)].ipMode"
        switch ingress.ipMode {
        case nil, "VIP": return true
        case "Proxy": return false
        case .some(let mode):
            list.reject(field, .unknownValue, "\(mode.quotedForMessage) is unknown: want VIP or Proxy; taken as Proxy")
            return false
        }
    }

    /// Whoever wrote a range wanted to keep others out. So where none of a family's ranges can be used, its load balancer
    /// addresses are withheld: without a range they would be open to all.
    private func checkSourceRanges(of service: inout Service, _ list: inout RejectionList) {
        var unusable: [(field: String, text: String, family: IPFamily)] = []
        for (index, text) in loadBalancerSourceRanges.enumerated() {
            let trimmed = text.trimmingSpaces
            if let network = IPPrefix(trimmed) {
                service.loadBalancerSourceRanges.append(network)
            } else {
                let family: IPFamily = trimmed.utf8.contains(UInt8(ascii: ":")) ? .v6 : .v4
                unusable.append(("spec.loadBalancerSourceRanges[\(index)]", trimmed, family))
            }
        }
        let ranges = service.loadBalancerSourceRanges
        let closed = Set(unusable.map(\.family)).filter { family in !ranges.contains { $0.family == family } }
        for (field, text, family) in unusable {
            var explanation = "\(text.quotedForMessage) is not a network in the form address/length"
            if closed.contains(family), service.loadBalancerVIPs.contains(where: { $0.family == family }) {
                explanation += "; without a usable \(family) range the \(family) load balancer addresses are not served"
            }
            list.reject(field, .invalidNetwork, explanation)
        }
        service.loadBalancerVIPs.removeAll { closed.contains($0.family) }
    }

    private func checkedAffinity(_ list: inout RejectionList) -> UInt32? {
        guard list.choice(sessionAffinity, "spec.sessionAffinity", ["None": false, "ClientIP": true]) else {
            return nil
        }
        let seconds = clientAffinityTimeout ?? Self.defaultAffinityTimeout
        guard let timeout = UInt32(exactly: seconds), (1...86_400).contains(timeout) else {
            list.reject(
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
                .invalidTimeout,
                "\(seconds) is not from 1 to 86400 seconds; taken as \(Self.defaultAffinityTimeout)"
            )
            return UInt32(Self.defaultAffinityTimeout)
        }
        return timeout
    }

    /// Three hours, as the API server fills it in.
    private static let defaultAffinityTimeout: Int64 = 10_800

    private func unique(_ addresses: [IPAddress]) -> [IPAddress] {
        var seen: Set<IPAddress> = []
        return addresses.filter { seen.insert($0).inserted }
    }
}

extension String {
    /// Without white space at its ends.
    fileprivate var trimmingSpaces: String {
        let start = drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...end])
    }
}
