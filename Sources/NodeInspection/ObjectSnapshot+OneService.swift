// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesHTTP
import KubernetesObjects
import KubernetesWatch
import NodeStartup
import ServicePlan

/// One Service, and what else has a say in what a node does with it: the Services that may want one of its virtual servers too.
extension ObjectSnapshot {
    /// The slices of more Services than these are looked for among all, in one request.
    private static var fewServices: Int { 16 }

    /// Asks for the Service and its slices alone. All Services pass by once, and none stays that has no say.
    init(of service: ObjectName, _ client: ClusterClient, nodeName: String) async throws(APIError) {
        self.init()
        take(try await client.service(named: service).list(.cached).objects)
        let wishes = updates.compactMap(\.service).map(VirtualServerWishes.init)
        // Without the Service nothing is to be explained.
        if let wishes = wishes.first {
            let rivals = try await client.services.list(.cached) { observed in
                observed.object.map { $0.name != service && wishes.meet($0) } ?? false
            }.objects
            take(rivals)
            try await takeSlices(of: [service] + rivals.compactMap(\.object?.name), client)
        }
        take(try await client.node(named: nodeName).list(.cached).objects)
    }

    private mutating func takeSlices(of services: [ObjectName], _ client: ClusterClient) async throws(APIError) {
        guard services.count <= Self.fewServices else {
            let names = Set(services)
            let slices = try await client.endpointSlices.list(.cached) { observed in
                observed.object.map { names.contains($0.service) } ?? false
            }
            return take(slices.objects)
        }
        for service in services { take(try await client.endpointSlices(of: service).list(.cached).objects) }
    }

    /// Drops what has no say in what becomes of the Service.
    mutating func keep(only service: ObjectName) {
        let wishes = updates.compactMap(\.service).first { $0.name == service }.map(VirtualServerWishes.init)
        let services = Set(
            updates.compactMap(\.service).filter { $0.name == service || wishes?.meet($0) ?? false }.map(\.name))
        updates.removeAll { update in
            switch update {
            case .service(let service): !services.contains(service.name)
            case .slice(let slice): !services.contains(slice.service)
            case .serviceRemoved, .sliceRemoved: true
            }
        }
    }
}

extension ObjectUpdate {
    fileprivate var service: Service? {
        if case .service(let service) = self { service } else { nil }
    }
}
