// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import KubernetesProto

// The messages as the fields that YAML and JSON are read into too, so that all of them are checked alike.
//
// The API server writes a field that is no pointer in Go even when it is empty: an empty string stands for an absent one.

extension ObservedMetadata {
    init(_ metadata: ProtoObjectMeta) {
        self.init(
            name: metadata.name.isEmpty ? nil : ObjectName(metadata),
            version: metadata.resourceVersion.isEmpty ? nil : ResourceVersion(rawValue: metadata.resourceVersion),
            lastChangeTriggerTime: metadata.annotations[Self.triggerTimeAnnotation]
        )
    }
}

extension ObjectName {
    fileprivate init(_ metadata: ProtoObjectMeta) {
        self.init(namespace: metadata.namespace, name: metadata.name)
    }
}

extension ServiceFields {
    init(_ message: ProtoService) {
        self.init(name: ObjectName(message.metadata))
        let created = message.metadata.creationTimestamp
        // Without seconds it is Go's zero time, which stands for none.
        creationTimestamp = created.hasSeconds ? .seconds(created.seconds) : nil
        isOfOtherProxy = message.metadata.labels["service.kubernetes.io/service-proxy-name"] != nil
        annotations = SettingAnnotations(message.metadata.annotations)
        let spec = message.spec
        type = spec.hasType ? spec.type : nil
        clusterIP = spec.hasClusterIp ? spec.clusterIp : nil
        clusterIPs = spec.clusterIps
        ipFamilies = spec.ipFamilies
        ports = spec.ports.map { port in
            Port(
                name: port.hasName ? port.name : nil,
                transport: port.hasProtocol ? port.`protocol` : nil,
                port: port.hasPort ? Int64(port.port) : nil,
                nodePort: port.hasNodePort ? Int64(port.nodePort) : nil
            )
        }
        externalIPs = spec.externalIps
        internalTrafficPolicy = spec.hasInternalTrafficPolicy ? spec.internalTrafficPolicy : nil
        externalTrafficPolicy = spec.hasExternalTrafficPolicy ? spec.externalTrafficPolicy : nil
        sessionAffinity = spec.hasSessionAffinity ? spec.sessionAffinity : nil
        let client = spec.sessionAffinityConfig.clientIp
        clientAffinityTimeout = client.hasTimeoutSeconds ? Int64(client.timeoutSeconds) : nil
        healthCheckNodePort = spec.hasHealthCheckNodePort ? Int64(spec.healthCheckNodePort) : nil
        loadBalancerSourceRanges = spec.loadBalancerSourceRanges
        loadBalancerIngress = message.status.loadBalancer.ingress.map { ingress in
            Ingress(ip: ingress.hasIp ? ingress.ip : nil, ipMode: ingress.hasIpMode ? ingress.ipMode : nil)
        }
    }
}

extension EndpointSliceFields {
    init(_ message: ProtoEndpointSlice) {
        self.init(name: ObjectName(message.metadata))
        serviceName = message.metadata.labels["kubernetes.io/service-name"]
        isHeadless = message.metadata.labels["service.kubernetes.io/headless"] != nil
        annotations = SettingAnnotations(message.metadata.annotations)
        addressType = message.hasAddressType ? message.addressType : nil
        ports = message.ports.map { port in
            Port(
                name: port.name,
                transport: port.hasProtocol ? port.`protocol` : nil,
                port: port.hasPort ? Int64(port.port) : nil
            )
        }
        endpoints = message.endpoints.map(Endpoint.init)
    }
}

extension EndpointSliceFields.Endpoint {
    fileprivate init(_ message: ProtoEndpoint) {
        self.init(address: message.addresses.first)
        let conditions = message.conditions
        ready = conditions.hasReady ? conditions.ready : nil
        serving = conditions.hasServing ? conditions.serving : nil
        terminating = conditions.hasTerminating ? conditions.terminating : nil
        nodeName = message.hasNodeName ? message.nodeName : nil
        zone = message.hasZone ? message.zone : nil
        if message.targetRef.kind == "Pod" { podName = message.targetRef.name }
        guard message.hasHints else { return }
        zoneHints = message.hints.forZones.map(\.name)
        nodeHints = message.hints.forNodes.map(\.name)
    }
}

extension NodeFields {
    init(_ message: ProtoNode) {
        self.init(name: message.metadata.name)
        zone = message.metadata.labels["topology.kubernetes.io/zone"]
        hasDeletionTimestamp = message.metadata.hasDeletionTimestamp
        podCIDR = message.spec.hasPodCidr ? message.spec.podCidr : nil
        podCIDRs = message.spec.podCidrs
        taintKeys = message.spec.taints.map(\.key)
        addresses = message.status.addresses.map { address in
            Address(
                type: address.hasType ? address.type : nil,
                address: address.hasAddress ? address.address : nil
            )
        }
    }
}
