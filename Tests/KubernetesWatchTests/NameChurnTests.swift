// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import KubernetesObjects
import KubernetesProto
import SwiftProtobuf
import Testing

@testable import KubernetesWatch

/// Objects whose every update has names that nobody has heard before.
@Suite(.serialized) struct NameChurnTests {
    private static func update(_ number: Int, endpoints: Int, nodes: Int) throws -> [UInt8] {
        var message = ProtoEndpointSlice()
        message.metadata.name = "web-1"
        message.metadata.namespace = "default"
        message.metadata.labels = ["kubernetes.io/service-name": "web"]
        message.addressType = "IPv4"
        message.endpoints = (0..<endpoints).map { index in
            var endpoint = ProtoEndpoint()
            endpoint.addresses = ["10.0.\(index / 250).\(index % 250 + 1)"]
            let name = (number * endpoints + index) % nodes
            endpoint.nodeName = "node-\(name).region.compute.internal.example"
            var zone = ProtoTopologyName()
            zone.name = "zone-of-somebody-\(name)"
            endpoint.hints.forZones = [zone]
            return endpoint
        }
        return try message.serializedBytes()
    }

    private static func residentBytes() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(fields.dropFirst().first.flatMap { Int($0) }) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    @Test func `a hundred thousand updates with new node and zone names take no more memory than twenty thousand`()
        async
    {
        // In a process of its own, so that its memory is its own.
        await #expect(processExitsWith: .success) {
            let decoder = ObjectDecoder<EndpointSlice>()
            var last: ObservedObject<EndpointSlice>?
            func decode(_ numbers: Range<Int>) throws {
                for number in numbers {
                    last = decoder.decode(protobuf: try Self.update(number, endpoints: 4, nodes: .max)).object
                }
            }
            // Both generations have been full by then.
            try decode(0..<20_000)
            let before = try Self.residentBytes()
            try decode(20_000..<120_000)
            let grown = try Self.residentBytes() - before
            // A table that forgets nothing takes 80 MiB for these.
            #expect(grown < 4 << 20, "\(grown / 1024) KiB more")
            #expect(last?.object?.endpoints.first?.nodeName?.hasPrefix("node-") == true)
        }
    }

    @Test func `ten thousand slices share the names of five thousand nodes`() async {
        await #expect(processExitsWith: .success) {
            let decoder = ObjectDecoder<EndpointSlice>()
            let messages = try (0..<1_000).map { try Self.update($0, endpoints: 10, nodes: 5_000) }
            _ = decoder.decode(protobuf: messages[0])
            let before = try Self.residentBytes()
            let start = ContinuousClock().now
            var slices: [EndpointSlice] = []
            for _ in 0..<10 {
                for message in messages {
                    let slice = decoder.decode(protobuf: message).object.object
                    slices.append(try #require(slice))
                }
            }
            let took = ContinuousClock().now - start
            let grown = try Self.residentBytes() - before
            print("10,000 slices: \(took), \(grown / 1024) KiB")
            #expect(slices.count == 10_000)
            // With names of their own it would be more than twice as much.
            #expect(grown < 24 << 20, "\(grown / 1024) KiB more")
        }
    }
}
