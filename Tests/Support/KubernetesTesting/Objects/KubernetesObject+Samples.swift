// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
package import KubernetesObjects

/// A node, a Service and its endpoints, for tests of the whole way from the API server to the data plane.
extension KubernetesObject {
    /// The node of the daemon under test.
    package static func ownNode(podCIDRs: [String] = ["10.244.1.0/24"]) -> KubernetesObject {
        .node(
            Node(
                name: "node-1",
                addresses: [IPAddress(v4: 0x0a00_0001)],
                podCIDRs: podCIDRs.compactMap(IPPrefix.init)
            )
        )
    }

    /// At 10.96.0.10, port 80.
    package static var web: KubernetesObject {
        .service(
            Service(
                name: ObjectName(namespace: "default", name: "web"),
                clusterIPs: [IPAddress(v4: 0x0a60_000a)],
                ports: [ServicePort(name: "http", transport: .tcp, port: 80, nodePort: 0)]
            )
        )
    }

    /// - Parameter endpoints: the last parts of their addresses, 10.244.1.n.
    package static func webSlice(_ endpoints: [UInt32]) -> KubernetesObject {
        var slice = EndpointSlice(name: ObjectName(namespace: "default", name: "web-1"), serviceName: "web")
        slice.ports = [EndpointPort(name: "http", port: 8080)]
        slice.endpoints = endpoints.map { Endpoint(address: IPAddress(v4: 0x0af4_0100 + $0)) }
        return .endpointSlice(slice)
    }
}
