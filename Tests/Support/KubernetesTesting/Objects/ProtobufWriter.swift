// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import KubernetesObjects
import KubernetesProto
import SwiftProtobuf

/// Documents as the messages of the API, with what the daemon has no field for in front: it must skip it.
enum ProtobufWriter {
    /// The message of an object. One whose fields have other types than the API gives them becomes its metadata and bytes
    /// that are no message.
    static func message(_ document: DocumentNode, kind: KubernetesObject.Kind) -> [UInt8] {
        do {
            switch kind {
            case .service: return try bytes(service(document))
            case .endpointSlice: return try bytes(endpointSlice(document))
            case .node: return try bytes(node(document))
            }
        } catch {
            var header = ProtoObjectHeader()
            header.metadata = metadata(document)
            // Field 2 as a message whose first tag is cut off.
            return ((try? bytes(header)) ?? []) + [0x12, 0x01, 0xff]
        }
    }

    /// An object in its envelope.
    static func wrapped(_ message: [UInt8], apiVersion: String, kind: String) -> [UInt8] {
        var unknown = ProtoUnknown()
        unknown.typeMeta.apiVersion = apiVersion
        unknown.typeMeta.kind = kind
        unknown.raw = .init(message)
        return [0x6b, 0x38, 0x73, 0x00] + serialized(unknown)
    }

    static func list(_ items: [[UInt8]], version: String, continuation: String) -> [UInt8] {
        var list = ProtoObjectList()
        list.metadata.resourceVersion = version
        list.metadata.`continue` = continuation
        list.items = items.map { .init($0) }
        return serialized(list)
    }

    /// A watch message with the length in front.
    static func frame(type: String, wrapped object: [UInt8]) -> [UInt8] {
        var event = ProtoWatchEvent()
        event.type = type
        event.object.raw = .init(object)
        let message = serialized(event)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: message.count >> $0) } + message
    }

    static func status(_ status: ServerStatus) -> [UInt8] {
        var message = ProtoStatus()
        message.status = "Failure"
        message.message = status.message
        message.reason = status.reason
        message.code = Int32(status.code)
        if let seconds = status.retryAfterSeconds { message.details.retryAfterSeconds = Int32(seconds) }
        return serialized(message)
    }

    static func bookmark(version: String, annotations: [String: String]) -> [UInt8] {
        var header = ProtoObjectHeader()
        header.metadata.annotations = annotations
        header.metadata.resourceVersion = version
        return serialized(header)
    }

    private static func serialized(_ message: some Message) -> [UInt8] {
        do {
            return try message.serializedBytes()
        } catch {
            preconditionFailure("a message without required fields is always written: \(error)")
        }
    }

    private static func bytes(_ message: some Message) throws -> [UInt8] { try message.serializedBytes() }
}

// MARK: - Kinds

extension ProtobufWriter {
    private static func metadata(_ document: DocumentNode) -> ProtoObjectMeta {
        var metadata = ProtoObjectMeta()
        if let name = document["metadata", "name"]?.text { metadata.name = name }
        if let namespace = document["metadata", "namespace"]?.text { metadata.namespace = namespace }
        if let version = document["metadata", "resourceVersion"]?.text { metadata.resourceVersion = version }
        if let text = document["metadata", "creationTimestamp"]?.text, let time = RFC3339Time(text) {
            metadata.creationTimestamp.seconds = time.microseconds / 1_000_000
        }
        if document["metadata", "deletionTimestamp"] != nil { metadata.deletionTimestamp.seconds = 1_700_000_000 }
        metadata.labels = document["metadata", "labels"]?.textMapping ?? [:]
        metadata.annotations = document["metadata", "annotations"]?.textMapping ?? [:]
        return metadata
    }

    private static func service(_ document: DocumentNode) throws -> ProtoService {
        let fields = try ServiceFields(document)
        var message = ProtoService()
        message.metadata = metadata(document)
        // As the API server does with what is no pointer in Go: written, even when empty.
        message.spec.type = fields.type ?? ""
        message.spec.clusterIp = fields.clusterIP ?? ""
        message.spec.clusterIps = fields.clusterIPs
        message.spec.ipFamilies = fields.ipFamilies
        message.spec.ports = fields.ports.map { port in
            var message = ProtoServicePort()
            message.name = port.name ?? ""
            message.`protocol` = port.transport ?? ""
            message.port = Int32(clamping: port.port ?? 0)
            message.nodePort = Int32(clamping: port.nodePort ?? 0)
            return message
        }
        message.spec.externalIps = fields.externalIPs
        if let policy = fields.internalTrafficPolicy { message.spec.internalTrafficPolicy = policy }
        message.spec.externalTrafficPolicy = fields.externalTrafficPolicy ?? ""
        message.spec.sessionAffinity = fields.sessionAffinity ?? ""
        if let seconds = fields.clientAffinityTimeout {
            message.spec.sessionAffinityConfig.clientIp.timeoutSeconds = Int32(clamping: seconds)
        }
        message.spec.healthCheckNodePort = Int32(clamping: fields.healthCheckNodePort ?? 0)
        message.spec.loadBalancerSourceRanges = fields.loadBalancerSourceRanges
        message.status.loadBalancer.ingress = fields.loadBalancerIngress.map { ingress in
            var message = ProtoLoadBalancerIngress()
            message.ip = ingress.ip ?? ""
            if let mode = ingress.ipMode { message.ipMode = mode }
            return message
        }
        return message
    }

    private static func endpointSlice(_ document: DocumentNode) throws -> ProtoEndpointSlice {
        let fields = try EndpointSliceFields(document)
        var message = ProtoEndpointSlice()
        message.metadata = metadata(document)
        message.addressType = fields.addressType ?? ""
        message.ports = fields.ports.map { port in
            var message = ProtoEndpointPort()
            if let name = port.name { message.name = name }
            if let transport = port.transport { message.`protocol` = transport }
            if let number = port.port { message.port = Int32(clamping: number) }
            return message
        }
        message.endpoints = fields.endpoints.map { endpoint in
            var message = ProtoEndpoint()
            message.addresses = [endpoint.address].compactMap(\.self)
            if let ready = endpoint.ready { message.conditions.ready = ready }
            if let serving = endpoint.serving { message.conditions.serving = serving }
            if let terminating = endpoint.terminating { message.conditions.terminating = terminating }
            if let nodeName = endpoint.nodeName { message.nodeName = nodeName }
            if let zone = endpoint.zone { message.zone = zone }
            if let podName = endpoint.podName {
                message.targetRef.kind = "Pod"
                message.targetRef.name = podName
            }
            if !endpoint.zoneHints.isEmpty { message.hints.forZones = endpoint.zoneHints.map(topologyName) }
            if !endpoint.nodeHints.isEmpty { message.hints.forNodes = endpoint.nodeHints.map(topologyName) }
            return message
        }
        return message
    }

    private static func topologyName(_ name: String) -> ProtoTopologyName {
        var message = ProtoTopologyName()
        message.name = name
        return message
    }

    private static func node(_ document: DocumentNode) throws -> ProtoNode {
        let fields = try NodeFields(document)
        var message = ProtoNode()
        message.metadata = metadata(document)
        message.spec.podCidr = fields.podCIDR ?? fields.podCIDRs.first ?? ""
        message.spec.podCidrs = fields.podCIDRs
        message.spec.taints = fields.taintKeys.map { key in
            var message = ProtoTaint()
            message.key = key
            return message
        }
        message.status.addresses = fields.addresses.map { address in
            var message = ProtoNodeAddress()
            message.type = address.type ?? ""
            message.address = address.address ?? ""
            return message
        }
        return message
    }
}

extension DocumentNode {
    fileprivate var textMapping: [String: String] {
        guard case .mapping(let entries) = value else { return [:] }
        return Dictionary(entries.map { ($0.key, $0.value.text ?? "") }) { first, _ in first }
    }
}
