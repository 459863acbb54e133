// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting

/// Services of all kinds at random, on a node with some configuration, and whom to ask for what.
struct TracedWorld {
    /// What the daemon, and a trace with its eyes, is given beside `Cluster.daemonFlags`.
    var flags: [String]
    var manifests: [String: String] = [:]
    var targets: [Target] = []

    /// An address and port that somebody asks, which may be no Service's.
    struct Target: Hashable {
        var transport: String
        var address: String
        var port: Int

        /// As `Tests/network/attempt` reads it.
        var attempt: String { "\(transport) \(address) \(port)" }
        /// As `kube-ipvs trace` reads it.
        var traced: String { (address.contains(":") ? "[\(address)]" : address) + ":\(port)/\(transport)" }
    }

    /// Pods that can be endpoints, by the last number of their addresses. The last one is on another node.
    private static let pods = [11, 12, 13, 15]

    static func address(ofPod number: Int, six: Bool) -> String {
        let network = number == 15 ? 2 : 1
        return six ? "fd00:10:244:\(network)::\(number)" : "10.244.\(network).\(number)"
    }

    /// - Parameter number: tells the addresses of this world from those of others, at most 9.
    init(_ number: Int, services: Int, flags: [String], _ random: inout SeededGenerator) {
        self.flags = flags
        for index in 0..<services { addService(number * 20 + 10 + index, &random) }
        // Nobody's: an address of no Service, and a port of the node that nobody listens at.
        for target in [("10.96.9.9", 80), ("192.168.50.10", 9999), ("fd00:10:96:9::9", 80), ("fd00:50::10", 9999)] {
            targets.append(Target(transport: "tcp", address: target.0, port: target.1))
        }
    }

    private mutating func addService(_ number: Int, _ random: inout SeededGenerator) {
        let transport = Int.random(in: 0..<3, using: &random) == 0 ? "udp" : "tcp"
        let type = ["ClusterIP", "NodePort", "LoadBalancer", "LoadBalancer"].randomElement(using: &random) ?? ""
        let hasExternalIPs = Bool.random(using: &random)
        var spec: [String] = []
        if hasExternalIPs { spec.append(#"externalIPs: ["203.0.114.\#(number)", "fd00:114::\#(number)"]"#) }
        let isOuter = type != "ClusterIP" || hasExternalIPs
        if isOuter, Bool.random(using: &random) { spec.append("externalTrafficPolicy: Local") }
        if Int.random(in: 0..<3, using: &random) == 0 { spec.append("internalTrafficPolicy: Local") }
        if Int.random(in: 0..<4, using: &random) == 0 { spec.append("sessionAffinity: ClientIP") }
        if type == "LoadBalancer", Bool.random(using: &random) {
            spec.append("loadBalancerSourceRanges: [\(Self.ranges(&random))]")
        }
        let (endpoints, states) = Self.endpoints(&random)
        let nodePort = type == "ClusterIP" ? nil : 30000 + number
        manifests["service-\(number).yaml"] = Manifest.service(
            "service-\(number)", type: type, clusterIPs: ["10.96.0.\(number)", "fd00:10:96::\(number)"],
            ports: [
                .init(
                    transport: transport.uppercased(), port: 80, target: transport == "udp" ? 5353 : 8080,
                    nodePort: nodePort)
            ],
            endpoints: endpoints, states: states, spec: spec,
            loadBalancerVIPs: type == "LoadBalancer" ? ["203.0.113.\(number)", "fd00:113::\(number)"] : [])

        func add(_ four: String, _ six: String, _ port: Int) {
            targets.append(Target(transport: transport, address: four, port: port))
            targets.append(Target(transport: transport, address: six, port: port))
        }
        add("10.96.0.\(number)", "fd00:10:96::\(number)", 80)
        if hasExternalIPs { add("203.0.114.\(number)", "fd00:114::\(number)", 80) }
        if type == "LoadBalancer" { add("203.0.113.\(number)", "fd00:113::\(number)", 80) }
        if let nodePort { add("192.168.50.10", "fd00:50::10", nodePort) }
        if let nodePort, Bool.random(using: &random) { add("198.51.100.10", "fd00:51::10", nodePort) }
        // A port that the Service has not.
        if Int.random(in: 0..<4, using: &random) == 0 { add("10.96.0.\(number)", "fd00:10:96::\(number)", 81) }
    }

    private static func endpoints(_ random: inout SeededGenerator) -> ([String], [String: String]) {
        var endpoints: [String] = []
        var states: [String: String] = [:]
        guard Int.random(in: 0..<6, using: &random) > 0 else { return ([], [:]) }
        for pod in pods where Bool.random(using: &random) {
            // What an object says of the node of an endpoint need not be so.
            let isElsewhere = pod == 15 || Int.random(in: 0..<4, using: &random) == 0
            for six in [false, true] {
                endpoints.append(address(ofPod: pod, six: six))
                if isElsewhere { states[address(ofPod: pod, six: six)] = Manifest.elsewhere }
            }
        }
        return (endpoints, states)
    }

    private static func ranges(_ random: inout SeededGenerator) -> String {
        let choices = [
            ["192.168.50.0/28", "fd00:50::/124"], ["192.168.50.100/32", "fd00:50::100/128"],
            ["198.51.100.0/24", "fd00:51::/64"], ["10.244.0.0/16", "fd00:10:244::/56"],
        ]
        let chosen = choices.filter { _ in Bool.random(using: &random) }
        return (chosen.isEmpty ? [choices[1]] : chosen).joined().map { #""\#($0)""# }.joined(separator: ", ")
    }
}
