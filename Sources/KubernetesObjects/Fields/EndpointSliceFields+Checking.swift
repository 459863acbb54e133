// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

extension EndpointSliceFields {
    /// The slice with every field checked. An annotation that cannot be used is left out alone, and a rejection reports it.
    ///
    /// - Parameter interner: Holds the names of nodes and zones, which every endpoint repeats.
    public func checked(interner: inout StringInterner) -> CheckedObject<EndpointSlice> {
        if isHeadless { return CheckedObject(ignored: .headless) }
        if addressType == "FQDN" { return CheckedObject(ignored: .domainNames) }
        guard let serviceName, !serviceName.isEmpty else { return CheckedObject(ignored: .noServiceName) }

        var list = RejectionList(kind: "EndpointSlice", object: name)
        guard let addressType else {
            list.reject("addressType", .missingField, "the slice does not say the type of its addresses")
            return CheckedObject(object: nil, rejections: list.rejections)
        }
        guard let family = IPFamily.allCases.first(where: { $0.description == addressType }) else {
            list.reject(
                "addressType",
                .unknownValue,
                "\(addressType.quotedForMessage) is unknown: want IPv4, IPv6 or FQDN"
            )
            return CheckedObject(object: nil, rejections: list.rejections)
        }
        var slice = EndpointSlice(name: name, serviceName: serviceName, family: family)
        slice.ports = checkedPorts(&list)
        slice.endpoints = checkedEndpoints(of: family, &slice.names, &list, &interner)
        slice.weights = annotations.checkedForSlice(&list)
        return CheckedObject(object: slice, rejections: list.rejections)
    }

    /// A port without a name or a number is skipped, as kube-proxy does; the API's meaning of the latter is "all ports",
    /// which no proxy can serve.
    private func checkedPorts(_ list: inout RejectionList) -> [EndpointPort] {
        ports.enumerated().compactMap { index, fields in
            guard let name = fields.name, let number = fields.port else { return nil }
            guard let port = list.port(number, "ports[\(index)].port"),
                let transport = list.transport(fields.transport, "ports[\(index)].protocol")
            else { return nil }
            return EndpointPort(name: name, transport: transport, port: port)
        }
    }

    private func checkedEndpoints(
        of family: IPFamily,
        _ names: inout EndpointNames,
        _ list: inout RejectionList,
        _ interner: inout StringInterner
    ) -> [KubernetesObjects.Endpoint] {
        var checked: [KubernetesObjects.Endpoint] = []
        checked.reserveCapacity(endpoints.count)
        var called: [EndpointNames.Element] = []
        called.reserveCapacity(endpoints.count)
        // Whoever writes one endpoint wrong writes them all wrong, so each fault is told of once.
        var faults: [EndpointFault: (first: Int, count: Int)] = [:]
        for (index, fields) in endpoints.enumerated() {
            switch fields.checkedAddress(of: family) {
            case .success(let address):
                var endpoint = KubernetesObjects.Endpoint(address: address)
                endpoint.isReady = fields.ready ?? true
                endpoint.isServing = fields.serving ?? true
                endpoint.isTerminating = fields.terminating ?? false
                endpoint.nodeName = fields.nodeName.map { interner.intern($0) }
                endpoint.zoneHints = fields.zoneHints.map { interner.intern($0) }
                endpoint.nodeHints = fields.nodeHints.map { interner.intern($0) }
                checked.append(endpoint)
                called.append(EndpointNames.Element(pod: fields.podName, zone: fields.zone))
            case .failure(let fault):
                faults[fault, default: (index, 0)].count += 1
            }
        }
        for (fault, place) in faults.sorted(by: { $0.value.first < $1.value.first }) {
            reject(fault, at: place.first, count: place.count, &list)
        }
        names = EndpointNames(called)
        return checked
    }

    private func reject(_ fault: EndpointFault, at index: Int, count: Int, _ list: inout RejectionList) {
        let text = (endpoints[index].address ?? "").quotedForMessage
        let others = count == 1 ? "" : "; so it is with \(count - 1) more of the slice's endpoints"
        let field = "endpoints[\(index)].addresses"
        switch fault {
        case .noAddress:
            list.reject(field, .missingField, "the endpoint has no address\(others)")
        case .notAnAddress:
            list.reject("\(field)[0]", .invalidAddress, "\(text) is not an IP address\(others)")
        case .notAHost:
            list.reject("\(field)[0]", .invalidAddress, "\(text) is not the address of one host\(others)")
        case .wrongFamily:
            list.reject("\(field)[0]", .wrongFamily, "\(text) is not \(addressType ?? "") as addressType says\(others)")
        }
    }
}

private enum EndpointFault: Error, Hashable {
    case noAddress
    case notAnAddress
    case notAHost
    case wrongFamily
}

extension EndpointSliceFields.Endpoint {
    fileprivate func checkedAddress(of family: IPFamily) -> Result<IPAddress, EndpointFault> {
        guard let text = address else { return .failure(.noAddress) }
        guard let address = IPAddress(text) else { return .failure(.notAnAddress) }
        guard address.family == family else { return .failure(.wrongFamily) }
        guard !address.isUnspecified, !address.isMulticast else { return .failure(.notAHost) }
        return .success(address)
    }
}
