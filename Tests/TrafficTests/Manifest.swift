// SPDX-License-Identifier: GPL-2.0-or-later
/// Kubernetes objects as text, for the folder that the daemon reads.
enum Manifest {
    /// One port of a Service and of its endpoints.
    struct Port {
        var name = "main"
        var transport = "TCP"
        var port: Int
        var target: Int
        var nodePort: Int?
    }

    /// The node of `Tests/network/up`.
    static let node = """
        apiVersion: v1
        kind: Node
        metadata: {name: node-1, labels: {topology.kubernetes.io/zone: zone-a}}
        spec: {podCIDRs: [10.244.1.0/24, "fd00:10:244:1::/64"]}
        status:
          addresses:
            - {type: InternalIP, address: 192.168.50.10}
            - {type: InternalIP, address: "fd00:50::10"}

        """

    /// A Service with an EndpointSlice for each family that its endpoints have, as one text of `---` documents.
    ///
    /// - Parameters:
    ///   - endpoints: the pods' addresses; all are ready and on the node, but those with another state.
    ///   - states: by address, how an endpoint is otherwise: see `elsewhere` and `terminating`.
    ///   - spec: more lines of `spec`, such as `externalTrafficPolicy: Local`.
    static func service(
        _ name: String,
        type: String = "ClusterIP",
        clusterIPs: [String],
        ports: [Port],
        endpoints: [String],
        states: [String: String] = [:],
        spec: [String] = [],
        loadBalancerVIPs: [String] = []
    ) -> String {
        var text = """
            apiVersion: v1
            kind: Service
            metadata: {name: \(name), namespace: test}
            spec:
              type: \(type)
              clusterIP: "\(clusterIPs.first ?? "None")"
              clusterIPs: [\(list(clusterIPs))]
            \(spec.map { "  \($0)\n" }.joined())  ports:

            """
        for port in ports {
            let nodePort = port.nodePort.map { ", nodePort: \($0)" } ?? ""
            text += "    - {name: \(port.name), protocol: \(port.transport), port: \(port.port)\(nodePort)}\n"
        }
        if !loadBalancerVIPs.isEmpty {
            let ingress = loadBalancerVIPs.map { #"{ip: "\#($0)", ipMode: VIP}"# }.joined(separator: ", ")
            text += "status: {loadBalancer: {ingress: [\(ingress)]}}\n"
        }
        let (six, four) = (endpoints.filter { $0.contains(":") }, endpoints.filter { !$0.contains(":") })
        for (family, addresses) in [("IPv4", four), ("IPv6", six)] where !addresses.isEmpty {
            text += "---\n" + slice(of: name, family: family, ports: ports, endpoints: addresses, states)
        }
        return text
    }

    /// The state of an endpoint on another node.
    static let elsewhere = "conditions: {ready: true}, nodeName: node-2"
    /// The state of an endpoint on the node that shuts down and still answers.
    static let terminating = "conditions: {ready: false, serving: true, terminating: true}, nodeName: node-1"

    private static func slice(
        of service: String,
        family: String,
        ports: [Port],
        endpoints: [String],
        _ states: [String: String]
    ) -> String {
        var text = """
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: \(service)-\(family.lowercased())
              namespace: test
              labels: {kubernetes.io/service-name: \(service)}
            addressType: \(family)
            ports:

            """
        for port in ports {
            text += "  - {name: \(port.name), protocol: \(port.transport), port: \(port.target)}\n"
        }
        text += "endpoints:\n"
        for address in endpoints {
            let state = states[address] ?? "conditions: {ready: true}, nodeName: node-1"
            text += #"  - {addresses: ["\#(address)"], \#(state)}"# + "\n"
        }
        return text
    }

    private static func list(_ items: [String]) -> String {
        items.map { "\"\($0)\"" }.joined(separator: ", ")
    }
}
