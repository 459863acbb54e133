// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
public import DataplaneModel
public import KubeProxyConfig
import KubernetesObjects
import NodeStartup
import NodeSync
import Reconcile
import ServicePlan

/// Tries what the daemon does, in a network namespace that is made for it and goes with it.
public enum NodeTrial {
    /// Makes a first pass for a Service of each kind, and a second one, which must find nothing to do.
    ///
    /// It loads the modules that the daemon's start would load.
    ///
    /// - Parameter variant: of iptables; the namespace itself has nothing that would tell which one the node uses.
    public static func run(_ settings: EffectiveSettings, variant: IPTablesVariant) async -> [NodeFinding] {
        do throws(DataplaneError) {
            let ipvs = try KernelIPVS()
            guard try ipvs.dumpAll().isEmpty else {
                return [NodeFinding(.warning, "trial", "not made: somebody's virtual servers are in its namespace")]
            }
            try SchedulerProbe.check(settings.scheduler, on: ipvs)
            let addresses = try KernelAddresses()
            try addresses.raiseLoopback()
            let dataplane = Dataplane(
                ipvs: ipvs,
                sets: KernelIPSet(),
                addresses: addresses,
                rules: try await KernelIPTables.open(variant: variant)
            )
            return await run(settings, families: HostFacts.families, over: dataplane)
        } catch {
            return [NodeFinding(.failure, "trial", "\(error)")]
        }
    }

    static func run(
        _ settings: EffectiveSettings,
        families: [IPFamily],
        over dataplane: Dataplane
    ) async -> [NodeFinding] {
        var findings: [NodeFinding] = []
        for family in families {
            for part in Part.allCases {
                let subject = "trial, \(family): \(part.rawValue)"
                let trouble = await part.attempt(settings, family, over: dataplane)
                findings.append(
                    trouble.isEmpty
                        ? NodeFinding(.ok, subject, "works")
                        : NodeFinding(part.importance, subject, trouble.prefix(3).joined(separator: "; ")))
                // Without the first, the others would repeat its words.
                if !trouble.isEmpty, part == .services { break }
            }
        }
        return findings
    }

    /// What may work by itself, each on top of the first.
    private enum Part: String, CaseIterable {
        case services = "Services of TCP and UDP"
        case sourceRanges = "source ranges that shut the node out"

        var importance: NodeFinding.Verdict {
            switch self {
            case .services: .failure
            case .sourceRanges: .warning
            }
        }

        /// What went wrong, if anything.
        func attempt(_ settings: EffectiveSettings, _ family: IPFamily, over dataplane: Dataplane) async -> [String] {
            let inspection = NodeInspection(
                settings: settings,
                families: [family],
                objects: ObjectSnapshot(updates: [.service(service(of: family)), .slice(slice(of: family))]),
                interfaceAddresses: []
            )
            var trouble: [String] = []
            do throws(DataplaneError) {
                try makeRoutingTable(family, dataplane.addresses)
            } catch {
                return ["\(error)"]
            }
            let reconciler = inspection.nodeReconciler()
            let first = PassReports()
            await reconciler.settle(on: dataplane, telling: first)
            trouble += first.all.flatMap { $0.failures + $0.refusals.map(\.error) }.map(\.description)
            guard trouble.isEmpty else { return trouble }
            let second = PassReports()
            reconciler.verifySoon()
            await reconciler.settle(on: dataplane, telling: second)
            if second.all.contains(where: { !$0.wroteNothing || !$0.isComplete }) {
                trouble.append("what was written does not read back as it was written")
            }
            return trouble
        }

        /// A namespace without any address has no local routing table, and then the kernel takes nobody for a real server of
        /// IPv4 (`inet_addr_type` in `net/ipv4/fib_frontend.c`).
        private func makeRoutingTable(
            _ family: IPFamily,
            _ addresses: any AddressDataplane
        ) throws(DataplaneError) {
            if try !addresses.linkExists() { try addresses.createLink() }
            if let refusal = try addresses.apply([.bind(address(family, 1))]).first { throw refusal.error }
        }

        private func service(of family: IPFamily) -> Service {
            let ports = [
                ServicePort(name: "tcp", transport: .tcp, port: 80, nodePort: 30_080),
                ServicePort(name: "udp", transport: .udp, port: 53),
            ]
            var service = Service(
                name: ObjectName(namespace: "kube-ipvs", name: "trial"),
                kind: .loadBalancer,
                clusterIPs: [address(family, 1)],
                ports: ports
            )
            service.loadBalancerVIPs = [address(family, 2)]
            if self == .sourceRanges {
                // A client's range: the node's own addresses are outside.
                service.loadBalancerSourceRanges = [IPPrefix(address(family, 9), length: family == .v4 ? 32 : 128)]
                    .compactMap(\.self)
            }
            return service
        }

        private func slice(of family: IPFamily) -> EndpointSlice {
            EndpointSlice(
                name: ObjectName(namespace: "kube-ipvs", name: "trial-1"),
                serviceName: "trial",
                family: family,
                ports: [
                    EndpointPort(name: "tcp", port: 8080), EndpointPort(name: "udp", transport: .udp, port: 53),
                ],
                endpoints: [Endpoint(address: address(family, 5))]
            )
        }

        /// In TEST-NET-1 (RFC 5737) and the documentation prefix (RFC 3849): nobody's.
        private func address(_ family: IPFamily, _ number: UInt64) -> IPAddress {
            switch family {
            case .v4: IPAddress(v4: 0xc000_0200 + UInt32(number))
            case .v6: IPAddress(high: 0x2001_0db8_0000_0000, low: number)
            }
        }
    }
}
