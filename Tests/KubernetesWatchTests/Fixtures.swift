// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import KubernetesTesting
import KubernetesWatch

/// The two encodings, as a server offers them.
enum Speech: CaseIterable, Sendable {
    case protobuf
    case json

    var accept: String {
        self == .protobuf
            ? ContentEncoding.acceptHeader() : ContentEncoding.acceptHeader(contentType: "application/json")
    }

    var listType: String { self == .protobuf ? "application/vnd.kubernetes.protobuf" : "application/json" }
}

typealias Listing = ListWatchOptions.Listing

extension ServerRequest {
    /// Whether it asks for every object.
    var isList: Bool { query["watch"] == nil || query["sendInitialEvents"] != nil }
}

func service(_ name: String, port: UInt16 = 80, address: UInt32 = 0x0a60_0001) -> Service {
    Service(
        name: ObjectName(namespace: "default", name: name),
        clusterIPs: [IPAddress(v4: address)],
        ports: [ServicePort(name: "http", transport: .tcp, port: port, nodePort: 0)]
    )
}

func slice(_ name: String, of service: String, endpoints: Int, firstAddress: UInt32 = 0x0af4_0001) -> EndpointSlice {
    var slice = EndpointSlice(name: ObjectName(namespace: "default", name: name), serviceName: service)
    slice.ports = [EndpointPort(name: "http", port: 8080)]
    for index in 0..<endpoints {
        var endpoint = Endpoint(address: IPAddress(v4: firstAddress + UInt32(index)))
        endpoint.isReady = index % 3 != 2
        endpoint.isTerminating = index % 3 == 2
        endpoint.nodeName = "node-\(index % 4)"
        endpoint.zoneHints = index.isMultiple(of: 2) ? ["zone-a"] : []
        endpoint.nodeHints = index.isMultiple(of: 5) ? ["node-\(index % 4)"] : []
        slice.endpoints.append(endpoint)
    }
    return slice
}

extension KubernetesObject.ID {
    static func service(_ name: String) -> Self {
        Self(kind: .service, name: ObjectName(namespace: "default", name: name))
    }
    static func slice(_ name: String) -> Self {
        Self(kind: .endpointSlice, name: ObjectName(namespace: "default", name: name))
    }
}

extension FakeAPIServer {
    /// The whole body of an answer that ends by itself.
    func body(of request: APIRequest) async -> [UInt8] {
        var body = respond(
            to: ServerRequest(method: "GET", target: request.target, accept: request.accept)
        ).body
        var bytes: [UInt8] = []
        while case .send(let piece)? = await body.next() { bytes += piece }
        return bytes
    }
}
