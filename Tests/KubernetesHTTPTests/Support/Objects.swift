// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import KubernetesTesting

func service(_ name: String, port: UInt16 = 80, address: UInt32 = 0x0a60_0001) -> Service {
    Service(
        name: ObjectName(namespace: "default", name: name),
        clusterIPs: [IPAddress(v4: address)],
        ports: [ServicePort(name: "http", transport: .tcp, port: port, nodePort: 0)]
    )
}

func slice(_ name: String, of service: String, endpoints: Int) -> EndpointSlice {
    var slice = EndpointSlice(name: ObjectName(namespace: "default", name: name), serviceName: service)
    slice.ports = [EndpointPort(name: "http", port: 8080)]
    for index in 0..<endpoints {
        var endpoint = Endpoint(address: IPAddress(v4: 0x0af4_0001 + UInt32(index)))
        endpoint.nodeName = "node-\(index % 4)"
        slice.endpoints.append(endpoint)
    }
    return slice
}

extension FakeAPIServer {
    func set(_ service: Service) { set(.service(service)) }
    func set(_ slice: EndpointSlice) { set(.endpointSlice(slice)) }

    func deleteService(_ name: String) {
        delete(KubernetesObject.ID(kind: .service, name: ObjectName(namespace: "default", name: name)))
    }
}
