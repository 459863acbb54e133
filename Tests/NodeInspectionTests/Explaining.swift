// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import ArgumentParser
import DataplaneModel
import DataplaneTesting
import KubeProxyConfig
import KubernetesObjects
import KubernetesTesting
import NodeSync
import Reconcile
import ServicePlan
import Testing

@testable import NodeInspection

/// Explanations of a Service `web` in the namespace `shop`.
protocol Explaining {}

extension Explaining {
    static var web: ObjectName { ObjectName(namespace: "shop", name: "web") }
    static var server: VirtualServer.ID {
        VirtualServer.ID(address: IPAddress(v4: 0x0a60_0001), port: 80, transport: .tcp)
    }

    func inspection(_ change: (inout ObjectSnapshot) -> Void = { _ in }) throws -> NodeInspection {
        let settings = try KubeProxyFlags.parse([]).load(file: nil, hostname: "here").settings
        var objects = ObjectSnapshot(updates: [.service(Sample.service("web")), .slice(Sample.slice("web"))])
        change(&objects)
        return NodeInspection(settings: settings, families: [.v4], objects: objects, interfaceAddresses: [])
    }

    /// A kernel that has one virtual server; its real servers by the last byte of their address.
    func kernel(
        scheduler: Scheduler = .roundRobin,
        _ servers: [(UInt32, weight: UInt32, connections: UInt32)]
    ) -> KernelView {
        let observed = ObservedVirtualServer(
            identity: .address(Self.server),
            configuration: VirtualServer.Configuration(scheduler: scheduler, persistenceMask: .max),
            realServers: servers.map { number, weight, connections in
                let id = RealServer.ID(address: IPAddress(v4: 0x0af4_0000 + number), port: 8080)
                return ObservedRealServer(
                    realServer: RealServer(id: id, weight: weight), activeConnections: connections)
            }
        )
        return KernelView { (id) throws(DataplaneError) in id == Self.server ? observed : nil }
    }

    func report(
        on name: ObjectName = Self.web,
        port: String? = nil,
        _ inspection: NodeInspection,
        _ kernel: KernelView? = nil,
        _ drift: KernelDrift = KernelDrift(),
        listening: Set<UInt16>? = []
    ) -> ServiceReport? {
        return inspection.report(
            on: name, port: port,
            NodeInspection.KernelFacts(
                view: kernel ?? self.kernel([(1, 1, 0), (2, 1, 0)]), drift: drift,
                desired: inspection.desired, listeningPorts: listening))
    }
}
