public import Addressing
public import KubernetesObjects

/// The newest Services and EndpointSlices, and which Service ports have to be planned again because of what changed.
///
/// It is level-triggered: it queues no changes, it only remembers whom they concern. A change to a slice costs what that slice
/// and its Service cost, however large the cluster is. Endpoints are kept once, in their slices; the view that a port has of
/// them is made while planning and not kept.
public struct ServiceTable: Sendable {
    /// What is known by the name of a Service. Either half may be missing: slices may come first.
    private struct Entry: Sendable {
        var service: Service?
        var slices: [EndpointSlice] = []

        var hasZoneHints: Bool {
            slices.contains { slice in slice.endpoints.contains { !$0.zoneHints.isEmpty } }
        }
    }

    private var entries: [ObjectName: Entry] = [:]
    /// The Service that each slice is filed under: its label may change.
    private var serviceOfSlice: [ObjectName: ObjectName] = [:]
    private var dirty: Set<ServicePortID> = []

    /// The node and the settings that all Service ports are planned with.
    public private(set) var basis: PlanBasis
    /// The families that this node serves. The others have empty contributions.
    public let families: Set<IPFamily>

    public init(
        facts: NodeFacts,
        configuration: PlanConfiguration = PlanConfiguration(),
        families: Set<IPFamily> = Set(IPFamily.allCases)
    ) {
        basis = PlanBasis(facts: facts, configuration: configuration)
        self.families = families
    }

    // MARK: Objects

    public mutating func apply(_ update: ObjectUpdate) {
        switch update {
        case .service(let service): replaceService(service.name, with: service)
        case .serviceRemoved(let name): replaceService(name, with: nil)
        case .slice(let slice): file(slice)
        case .sliceRemoved(let name): removeSlice(name)
        }
    }

    /// Makes room for so many more objects, so that the tables do not grow, and move, again and again.
    public mutating func reserveCapacity(forMore updates: Int) {
        // About half of them are slices.
        let services = updates / 2
        entries.reserveCapacity(entries.count + services)
        serviceOfSlice.reserveCapacity(serviceOfSlice.count + services)
        dirty.reserveCapacity(dirty.count + services)
    }

    private mutating func replaceService(_ name: ObjectName, with new: Service?) {
        guard let new else {
            guard let old = entries[name]?.service else { return }
            markDirty(old)
            entries[name]?.service = nil
            return dropEntryIfEmpty(name)
        }
        // One look into the table: what is there is exchanged in place.
        func exchange(_ entry: inout Entry) -> Service? {
            let old = entry.service
            entry.service = new
            return old
        }
        let old = exchange(&entries[name, default: Entry()])
        guard old != new else { return }
        if let old { markDirty(old) }
        markDirty(new)
    }

    private mutating func file(_ slice: EndpointSlice) {
        // Without the label the slice is nobody's.
        guard !slice.serviceName.isEmpty else { return removeSlice(slice.name) }
        let name = slice.service
        if let former = serviceOfSlice.updateValue(name, forKey: slice.name), former != name {
            serviceOfSlice[slice.name] = former
            removeSlice(slice.name)
            serviceOfSlice[slice.name] = name
        }

        // One look into the table: the slice is exchanged in place.
        func exchange(_ entry: inout Entry) -> (old: EndpointSlice?, service: Service?) {
            guard let index = entry.slices.firstIndex(where: { $0.name == slice.name }) else {
                entry.slices.append(slice)
                return (nil, entry.service)
            }
            let old = entry.slices[index]
            entry.slices[index] = slice
            return (old, entry.service)
        }
        let (old, service) = exchange(&entries[name, default: Entry()])
        guard let service, old != slice else { return }
        guard let old else { return markDirty(service, with: slice.ports) }
        if old.endpoints == slice.endpoints, old.family == slice.family {
            markDirty(service, with: old.ports.filter { !slice.ports.contains($0) })
            markDirty(service, with: slice.ports.filter { !old.ports.contains($0) })
        } else {
            markDirty(service, with: old.ports)
            markDirty(service, with: slice.ports)
        }
    }

    private mutating func removeSlice(_ name: ObjectName) {
        guard let service = serviceOfSlice.removeValue(forKey: name),
            let index = entries[service]?.slices.firstIndex(where: { $0.name == name }),
            let slice = entries[service]?.slices.remove(at: index)
        else { return }
        if let service = entries[service]?.service { markDirty(service, with: slice.ports) }
        dropEntryIfEmpty(service)
    }

    private mutating func dropEntryIfEmpty(_ name: ObjectName) {
        if let entry = entries[name], entry.service == nil, entry.slices.isEmpty {
            entries[name] = nil
        }
    }

    // MARK: The node

    /// Takes over new facts of the node, and marks the Service ports that they can change.
    ///
    /// This looks at every Service, which is what a rare event may cost. What marks whom:
    /// - another name: all, because it decides which endpoints are local;
    /// - another zone: those of Services with a zone hint in one of their slices;
    /// - another address of the node itself: those of Services with load balancer source ranges;
    /// - an address that an interface gained or lost: those of Services with just this address as an external IP or a load
    ///   balancer VIP, because it decides whether the address is bound;
    /// - other node port addresses, whatever made them others: ports with a node port.
    public mutating func replaceNodeFacts(_ facts: NodeFacts) {
        let old = basis
        guard old.facts != facts else { return }
        basis = PlanBasis(facts: facts, configuration: old.configuration)

        let changedAddresses = old.facts.interfaceAddresses.symmetricDifference(facts.interfaceAddresses)
        let nodePortsChanged = IPFamily.allCases.contains {
            old.nodePortAddresses(of: $0) != basis.nodePortAddresses(of: $0)
        }
        for entry in entries.values {
            guard let service = entry.service else { continue }
            let concernsAllPorts =
                old.facts.name != facts.name
                || old.facts.zone != facts.zone && entry.hasZoneHints
                || old.facts.nodeIPs != facts.nodeIPs && !service.loadBalancerSourceRanges.isEmpty
                || service.externalIPs.contains(where: changedAddresses.contains)
                || service.loadBalancerVIPs.contains(where: changedAddresses.contains)
            for port in service.ports where concernsAllPorts || nodePortsChanged && port.nodePort != 0 {
                dirty.insert(ServicePortID(port, of: service.name))
            }
        }
    }

    // MARK: What is to be planned again

    /// The Service ports that may contribute something else than when they were last taken; ascending. Those that no longer
    /// exist are among them: they now contribute nothing.
    public mutating func takeDirty() -> [ServicePortID] {
        let taken = dirty.sorted()
        dirty.removeAll()
        return taken
    }

    public var hasDirty: Bool { !dirty.isEmpty }

    private mutating func markDirty(_ service: Service) {
        for port in service.ports {
            dirty.insert(ServicePortID(port, of: service.name))
        }
    }

    /// Marks the ports of a Service that a slice with these ports feeds.
    private mutating func markDirty(_ service: Service, with slicePorts: [EndpointPort]) {
        for port in service.ports
        where slicePorts.contains(where: { $0.name == port.name && $0.transport == port.transport }) {
            dirty.insert(ServicePortID(port, of: service.name))
        }
    }

    // MARK: Reading

    /// Every port of every Service, ascending.
    public var servicePorts: [ServicePortID] {
        entries.values.flatMap { entry in
            entry.service.map { service in service.ports.map { ServicePortID($0, of: service.name) } } ?? []
        }.sorted().withoutRepetition()
    }

    public func service(_ name: ObjectName) -> Service? {
        entries[name]?.service
    }

    /// The slices of a Service, of both families, in no particular order.
    public func slices(of service: ObjectName) -> [EndpointSlice] {
        entries[service]?.slices ?? []
    }

    /// The endpoints of a Service port in ascending order, each identity once.
    public func endpoints(of id: ServicePortID, in family: IPFamily) -> [PortEndpoint] {
        guard let entry = entries[id.service], let port = entry.service?.port(id) else { return [] }
        return PortEndpoint.merged(entry.slices, of: port, in: family, on: basis.facts)
    }

    /// What a Service port becomes now; empty for one that does not exist.
    public func plan(of id: ServicePortID, in family: IPFamily) -> ServicePortPlan {
        guard families.contains(family), let entry = entries[id.service],
            let service = entry.service, let port = service.port(id),
            service.programmedClusterIP(of: family) != nil
        else { return ServicePortPlan() }
        let endpoints = PortEndpoint.merged(entry.slices, of: port, in: family, on: basis.facts)
        return ServicePortPlan(port, of: service, endpoints: endpoints, in: family, basis: basis)
    }
}
