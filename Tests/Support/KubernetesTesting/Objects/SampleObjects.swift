// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import KubernetesObjects

/// Small objects for tests.
public enum Sample {
    public static func service(_ name: String, _ number: UInt32 = 1, healthCheckNodePort: UInt16 = 0) -> Service {
        let port = ServicePort(name: "http", port: 80)
        guard healthCheckNodePort > 0 else {
            return Service(
                name: ObjectName(namespace: "shop", name: name),
                clusterIPs: [IPAddress(v4: 0x0a60_0000 + number)],
                ports: [port]
            )
        }
        return Service(
            name: ObjectName(namespace: "shop", name: name),
            kind: .loadBalancer,
            clusterIPs: [IPAddress(v4: 0x0a60_0000 + number)],
            ports: [port],
            externalTrafficPolicy: .local,
            healthCheckNodePort: healthCheckNodePort
        )
    }

    /// - Parameter endpoints: how many there are, all on the node `here`.
    public static func slice(_ name: String, endpoints: UInt32 = 2) -> EndpointSlice {
        EndpointSlice(
            name: ObjectName(namespace: "shop", name: "\(name)-1"),
            serviceName: name,
            ports: [EndpointPort(name: "http", port: 8080)],
            endpoints: (0..<endpoints).map {
                Endpoint(address: IPAddress(v4: 0x0af4_0001 + $0), nodeName: "here")
            }
        )
    }
}
