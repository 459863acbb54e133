// SPDX-License-Identifier: GPL-2.0-or-later
import FoundationEssentials
import KubernetesObjects
import KubernetesProto
import SwiftProtobuf
import SystemTesting
import Testing

@testable import KubernetesWatch

/// Objects read straight from their bytes are those that the generated decoder makes of them, and so is what is refused.
@Suite(.timeLimit(.minutes(5))) struct WireReadingTests {
    private struct Read<Fields: Hashable>: Hashable {
        var metadata: ObservedMetadata
        var fields: Fields
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `random Services are read as the generated decoder reads them`(seed: UInt64) {
        compare(seed: seed) { (generator: inout SeededGenerator) in
            ProtoService.random(using: &generator)
        } generated: { bytes in
            let message = try ProtoService(serializedBytes: bytes, options: .trimming)
            return Read(metadata: ObservedMetadata(message.metadata), fields: ServiceFields(message))
        } direct: { bytes in
            let (metadata, fields) = try ServiceFields.read(wire: bytes)
            return Read(metadata: metadata, fields: fields)
        }
    }

    @Test(arguments: [5, 6, 7, 8] as [UInt64])
    func `random EndpointSlices are read as the generated decoder reads them`(seed: UInt64) {
        compare(seed: seed) { (generator: inout SeededGenerator) in
            ProtoEndpointSlice.random(using: &generator)
        } generated: { bytes in
            let message = try ProtoEndpointSlice(serializedBytes: bytes, options: .trimming)
            return Read(metadata: ObservedMetadata(message.metadata), fields: EndpointSliceFields(message))
        } direct: { bytes in
            let (metadata, fields) = try EndpointSliceFields.read(wire: bytes)
            return Read(metadata: metadata, fields: fields)
        }
    }

    @Test func `random watch messages are cut as the generated decoder cuts them`() {
        compare(seed: 9) { (generator: inout SeededGenerator) in
            var unknown = ProtoUnknown()
            unknown.typeMeta.kind = generator.text()
            if generator.decides() { unknown.contentType = generator.text() }
            unknown.raw = .init((0..<Int.random(in: 0...20, using: &generator)).map { UInt8($0) })
            var event = ProtoWatchEvent()
            event.type = generator.text()
            event.object.raw = .init(ProtobufEnvelope.magic + unknown.wireBytes)
            return event
        } generated: { bytes in
            let event = try ProtoWatchEvent(serializedBytes: bytes, options: .trimming)
            return [Array(event.type.utf8), try ProtobufEnvelope.contents(Array(event.object.raw))]
        } direct: { bytes in
            let (type, contents) = try WireCursor.watchMessage(bytes)
            return [Array(type.utf8), contents]
        }
    }

    /// Compares both ways for many objects: as they are, twice over, with fields that nobody knows, and damaged.
    private func compare<Result: Equatable>(
        seed: UInt64,
        objects: Int = 2500,
        _ make: (inout SeededGenerator) -> some Message,
        generated: ([UInt8]) throws -> Result,
        direct: ([UInt8]) throws -> Result
    ) {
        var generator = SeededGenerator(seed: seed)
        var before: [UInt8] = []
        for number in 0..<objects {
            let bytes = make(&generator).wireBytes
            let isRead = (try? direct(bytes)) == (try? generated(bytes)) && (try? direct(bytes)) != nil
            #expect(isRead, "object \(number) of seed \(seed) is not read directly, or otherwise")
            // One message after the other is the merge of both.
            var variants = [bytes + before, generator.unknownField() + bytes]
            before = bytes
            for _ in 0..<4 { variants.append(generator.damaged(bytes)) }
            for variant in variants {
                guard let read = try? direct(variant) else { continue }
                let isSame = read == (try? generated(variant))
                #expect(isSame, "a variant of object \(number) of seed \(seed): \(variant)")
            }
        }
    }

    @Test func `text that is none is refused in both ways, wherever it stands`() throws {
        var slice = ProtoEndpointSlice()
        slice.metadata.name = "a"
        for marker in ["LABEL", "NOTE", "ADDRESS", "SECOND"] {
            slice.metadata.labels = ["l": "LABEL"]
            slice.metadata.annotations = ["n": "NOTE"]
            var endpoint = ProtoEndpoint()
            endpoint.addresses = ["ADDRESS", "SECOND"]
            slice.endpoints = [endpoint]
            var bytes = slice.wireBytes
            let place = try #require(bytes.firstRange(of: Array(marker.utf8)))
            bytes[place.lowerBound] = 0xff
            #expect(throws: WireCursor.Unusual.self) { try EndpointSliceFields.read(wire: bytes) }
            #expect(throws: (any Error).self) { try ProtoEndpointSlice(serializedBytes: bytes) }
        }
    }
}

// MARK: - Random messages

extension Message {
    fileprivate var wireBytes: [UInt8] {
        guard let bytes: [UInt8] = try? serializedBytes() else {
            preconditionFailure("a message without required fields is always written")
        }
        return bytes
    }
}

extension SeededGenerator {
    fileprivate mutating func decides() -> Bool { Bool.random(using: &self) }

    fileprivate mutating func text() -> String {
        let texts = [
            "", "a", "10.0.0.1", "fd00::1", "node-1", "a-name-that-is-longer-than-fifteen-bytes", "zone-ä", "日本",
            "\u{0}x",
            "kubernetes.io/service-name", "service.kubernetes.io/headless", "None", "IPv4",
            "service.kubernetes.io/service-proxy-name", "endpoints.kubernetes.io/last-change-trigger-time",
            "kube-ipvs.io/weights", "kube-ipvs.io/scheduler", "kube-ipvs.io/", "kube-router.io/service.scheduler",
            "kube-router.io/service.dsr", "same-zone=10,other=1",
        ]
        return texts[Int.random(in: 0..<texts.count, using: &self)]
    }

    fileprivate mutating func texts() -> [String] {
        (0..<Int.random(in: 0...3, using: &self)).map { _ in text() }
    }

    fileprivate mutating func number() -> Int32 {
        decides() ? Int32.random(in: 0...70_000, using: &self) : Int32.random(in: .min ... .max, using: &self)
    }

    /// One that no message has.
    fileprivate mutating func unknownField() -> [UInt8] {
        switch Int.random(in: 0..<5, using: &self) {
        case 0: [0xf8, 0x07, 0x96, 0x01]
        case 1: [0xfa, 0x07, 0x03, 0xff, 0x00, 0xff]
        case 2: [0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8]
        case 3: [0xfd, 0x07, 1, 2, 3, 4]
        // A group.
        default: [0xfb, 0x07, 0xfc, 0x07]
        }
    }

    fileprivate mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        guard !bytes.isEmpty else { return [UInt8.random(in: 0...255, using: &self)] }
        var bytes = bytes
        let place = Int.random(in: 0..<bytes.count, using: &self)
        switch Int.random(in: 0..<4, using: &self) {
        case 0: bytes.removeSubrange(place...)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &self), at: place)
        default:
            for _ in 0..<Int.random(in: 1...3, using: &self) {
                bytes[Int.random(in: 0..<bytes.count, using: &self)] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            }
        }
        return bytes
    }
}

extension ProtoObjectMeta {
    fileprivate static func random(using generator: inout SeededGenerator) -> Self {
        var metadata = Self()
        if generator.decides() { metadata.name = generator.text() }
        if generator.decides() { metadata.namespace = generator.text() }
        if generator.decides() { metadata.resourceVersion = generator.text() }
        if generator.decides() { metadata.creationTimestamp.seconds = Int64(generator.number()) }
        if generator.decides() { metadata.creationTimestamp.nanos = generator.number() }
        if generator.decides() { metadata.deletionTimestamp.seconds = Int64(generator.number()) }
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            metadata.labels[generator.text()] = generator.text()
            metadata.annotations[generator.text()] = generator.text()
        }
        return metadata
    }
}

extension ProtoService {
    fileprivate static func random(using generator: inout SeededGenerator) -> Self {
        var service = Self()
        if generator.decides() { service.metadata = .random(using: &generator) }
        guard generator.decides() || generator.decides() else { return service }
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            var port = ProtoServicePort()
            if generator.decides() { port.name = generator.text() }
            if generator.decides() { port.`protocol` = generator.text() }
            if generator.decides() { port.port = generator.number() }
            if generator.decides() { port.nodePort = generator.number() }
            service.spec.ports.append(port)
        }
        if generator.decides() { service.spec.clusterIp = generator.text() }
        if generator.decides() { service.spec.type = generator.text() }
        service.spec.externalIps = generator.texts()
        if generator.decides() { service.spec.sessionAffinity = generator.text() }
        service.spec.loadBalancerSourceRanges = generator.texts()
        if generator.decides() { service.spec.externalTrafficPolicy = generator.text() }
        if generator.decides() { service.spec.healthCheckNodePort = generator.number() }
        if generator.decides() { service.spec.sessionAffinityConfig.clientIp.timeoutSeconds = generator.number() }
        service.spec.clusterIps = generator.texts()
        service.spec.ipFamilies = generator.texts()
        if generator.decides() { service.spec.internalTrafficPolicy = generator.text() }
        for _ in 0..<Int.random(in: 0...2, using: &generator) {
            var ingress = ProtoLoadBalancerIngress()
            if generator.decides() { ingress.ip = generator.text() }
            if generator.decides() { ingress.ipMode = generator.text() }
            service.status.loadBalancer.ingress.append(ingress)
        }
        return service
    }
}

extension ProtoEndpointSlice {
    fileprivate static func random(using generator: inout SeededGenerator) -> Self {
        var slice = Self()
        if generator.decides() { slice.metadata = .random(using: &generator) }
        if generator.decides() { slice.addressType = generator.text() }
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            var port = ProtoEndpointPort()
            if generator.decides() { port.name = generator.text() }
            if generator.decides() { port.`protocol` = generator.text() }
            if generator.decides() { port.port = generator.number() }
            slice.ports.append(port)
        }
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            var endpoint = ProtoEndpoint()
            endpoint.addresses = generator.texts()
            if generator.decides() { endpoint.conditions.ready = generator.decides() }
            if generator.decides() { endpoint.conditions.serving = generator.decides() }
            if generator.decides() { endpoint.conditions.terminating = generator.decides() }
            if generator.decides() { endpoint.nodeName = generator.text() }
            if generator.decides() { endpoint.zone = generator.text() }
            if generator.decides() { endpoint.targetRef.kind = generator.decides() ? "Pod" : generator.text() }
            if generator.decides() { endpoint.targetRef.name = generator.text() }
            if generator.decides() { endpoint.hints.forZones = generator.names() }
            if generator.decides() { endpoint.hints.forNodes = generator.names() }
            slice.endpoints.append(endpoint)
        }
        return slice
    }
}

extension SeededGenerator {
    fileprivate mutating func names() -> [ProtoTopologyName] {
        texts().map { text in
            var name = ProtoTopologyName()
            if decides() { name.name = text }
            return name
        }
    }
}
