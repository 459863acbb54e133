// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import DataplaneModel
public import KubernetesObjects

/// The newest Services and EndpointSlices, and which Service ports have to be planned again because of what changed.
///
/// It is level-triggered: it queues no changes, and only remembers which ports they concern. A change to a slice costs
/// what that slice and its Service cost, however large the cluster is. Endpoints are kept once, in their slices. The
/// view that a port has of them is made while planning and not kept.
public struct ServiceTable: Sendable {
    /// What is known by the name of a Service. Either half may be missing: slices may come first.
    struct Entry: Sendable {
        var service: Service?
        var slices: [EndpointSlice] = []
        /// Which of the Service's ports are dirty: a bit for each of the first ones.
        var dirtyPorts: UInt64 = 0

        /// How many ports have a bit.
        static var markedPorts: Int { UInt64.bitWidth }

        var isEmpty: Bool { service == nil && slices.isEmpty }

        // These read the entry in place: a copy has a dozen references to count.

        /// The Service's name and ports.
        var servicePorts: (ObjectName, [ServicePort])? {
            service.map { ($0.name, $0.ports) }
        }

        mutating func takeDirtyPorts() -> UInt64 {
            defer { dirtyPorts = 0 }
            return dirtyPorts
        }

        var hasZoneHints: Bool {
            slices.contains { slice in slice.endpoints.contains { !$0.zoneHints.isEmpty } }
        }

        /// Whether its endpoints may weigh other than 1.
        var hasWeights: Bool {
            service?.settings.weights != nil || slices.contains { $0.weights != nil }
        }

        var hasZoneWeights: Bool {
            service?.settings.weights?.dependsOnZone == true || slices.contains { $0.weights?.dependsOnZone == true }
        }
    }

    /// Where each Service has its entry. Names are hashed to come here and not again: entries know each other by place.
    private(set) var places: [ObjectName: Int] = [:]
    var entries: [Entry] = []
    /// Places to be used again.
    private var vacant: [Int] = []
    /// The place that each slice is filed at: its label may change.
    private var placeOfSlice: [ObjectName: Int] = [:]
    /// Entries with dirty ports, in the order in which they became dirty. One may have been removed since.
    var dirtyEntries: [Int] = []
    /// Dirty ports without a bit: those that their Service may have lost, and those after the 64th.
    var otherDirtyPorts: Set<ServicePortID> = []
    /// Dirty ports without a bit that were too many to be taken at once, descending.
    var lateDirtyPorts: [ServicePortID] = []

    /// The node and the settings that all Service ports are planned with.
    public internal(set) var basis: PlanBasis
    /// How many Services ask for each scheduler by an annotation.
    var askedSchedulers: [Scheduler: Int] = [:]
    /// The families that this node serves. The others have empty contributions. An array, because a set hashes for each
    /// plan.
    public let families: [IPFamily]

    public init(
        facts: NodeFacts,
        configuration: PlanConfiguration = PlanConfiguration(),
        families: Set<IPFamily> = Set(IPFamily.allCases)
    ) {
        basis = PlanBasis(facts: facts, configuration: configuration)
        self.families = IPFamily.allCases.filter(families.contains)
    }

    // MARK: Objects

    public mutating func apply(_ update: ObjectUpdate) {
        switch update {
        case .service(let service): replaceService(service.name, with: service)
        case .serviceRemoved(let name): removeService(name)
        case .slice(let slice):
            file(slice)
            if slice.service == .apiServer { noteAPIServers() }
        case .sliceRemoved(let name): removeSlice(name)
        }
    }

    public mutating func apply(_ updates: [ObjectUpdate]) {
        reserveCapacity(forMore: updates.count)
        // In place: a copy of an object has a dozen references to count.
        let updates = updates.span
        for index in updates.indices {
            apply(updates[index])
        }
    }

    /// Makes room for so many more objects, so that the tables do not grow, and move, again and again.
    private mutating func reserveCapacity(forMore updates: Int) {
        // About half of them are slices. An array that grows by a few each time would move each time.
        let services = updates / 2
        places.reserveCapacity(places.count + services)
        placeOfSlice.reserveCapacity(placeOfSlice.count + services)
        guard services > entries.count else { return }
        entries.reserveCapacity(entries.count + services)
        dirtyEntries.reserveCapacity(dirtyEntries.count + services)
    }

    /// Where the Service of that name has its entry. It gets one where it has none.
    private mutating func place(of name: ObjectName) -> Int {
        // One look into the table for both.
        func take(_ place: inout Int) -> Int { place }
        let next = vacant.last ?? entries.count
        let place = take(&places[name, default: next])
        if place == entries.count {
            entries.append(Entry())
        } else if place == vacant.last {
            vacant.removeLast()
        }
        return place
    }

    private mutating func replaceService(_ name: ObjectName, with new: Service) {
        let place = place(of: name)
        if let old = entries[place].service {
            guard old != new else { return }
            markLost(old, at: place)
            countSchedulers(of: old, by: -1)
        }
        countSchedulers(of: new, by: 1)
        entries[place].service = new
        markDirty(new.ports.indices, at: place)
    }

    private mutating func removeService(_ name: ObjectName) {
        guard let place = places[name], let old = entries[place].service else { return }
        markLost(old, at: place)
        countSchedulers(of: old, by: -1)
        entries[place].service = nil
        dropEntryIfEmpty(place, name)
    }

    private mutating func file(_ slice: EndpointSlice) {
        // Without the label the slice belongs to no Service.
        guard !slice.serviceName.isEmpty else { return removeSlice(slice.name) }
        let place = place(of: slice.service)
        if let former = placeOfSlice.updateValue(place, forKey: slice.name), former != place {
            placeOfSlice[slice.name] = former
            removeSlice(slice.name)
            placeOfSlice[slice.name] = place
        }

        guard let index = entries[place].slices.firstIndex(where: { $0.name == slice.name }) else {
            entries[place].slices.append(slice)
            return markDirty(slice.ports, at: place)
        }
        let old = entries[place].slices[index]
        guard old != slice else { return }
        entries[place].slices[index] = slice
        let hasSameWeights =
            old.weights == slice.weights && (old.names == slice.names || !entries[place].hasWeights)
        if old.endpoints == slice.endpoints, old.family == slice.family, hasSameWeights {
            markDirty(old.ports.subtracting(slice.ports), at: place)
            markDirty(slice.ports.subtracting(old.ports), at: place)
        } else {
            markDirty(old.ports, at: place)
            markDirty(slice.ports, at: place)
        }
    }

    private mutating func removeSlice(_ name: ObjectName) {
        guard let place = placeOfSlice.removeValue(forKey: name),
            let index = entries[place].slices.firstIndex(where: { $0.name == name })
        else { return }
        let slice = entries[place].slices.remove(at: index)
        markDirty(slice.ports, at: place)
        dropEntryIfEmpty(place, slice.service)
        if slice.service == .apiServer { noteAPIServers() }
    }

    private mutating func dropEntryIfEmpty(_ place: Int, _ name: ObjectName) {
        guard entries[place].isEmpty else { return }
        entries[place] = Entry()
        places[name] = nil
        vacant.append(place)
    }

    // MARK: The node

    /// Takes over new facts of the node, and marks the Service ports that they can change.
    ///
    /// This looks at every Service, which is what a rare event may cost. It marks these ports:
    /// - for another name: all, because it decides which endpoints are local;
    /// - for another zone: those of Services with a zone hint in one of their slices, or weights that go by the zone;
    /// - for another address of the node itself: those of Services with load balancer source ranges;
    /// - for an address that an interface gained or lost, or by which other hosts are known: those of Services that
    ///   have it as an external IP or a load balancer VIP, because it decides whether the address is bound;
    /// - for other node port addresses, whatever the reason: ports with a node port.
    public mutating func replaceNodeFacts(_ facts: NodeFacts) {
        let old = basis
        guard old.facts != facts else { return }
        basis = PlanBasis(
            facts: facts, configuration: old.configuration, apiServerEndpoints: old.apiServerEndpoints,
            missingSchedulers: old.missingSchedulers)

        let changedAddresses = old.facts.interfaceAddresses.symmetricDifference(facts.interfaceAddresses)
            .union(facts.surroundings.changedAddresses(from: old.facts.surroundings))
        let nodePortsChanged = IPFamily.allCases.contains {
            old.nodePortAddresses(of: $0) != basis.nodePortAddresses(of: $0)
        }
        for place in entries.indices {
            let entry = entries[place]
            guard let service = entry.service else { continue }
            let concernsAllPorts =
                old.facts.name != facts.name
                || old.facts.zone != facts.zone && (entry.hasZoneHints || entry.hasZoneWeights)
                || old.facts.nodeIPs != facts.nodeIPs && !service.loadBalancerSourceRanges.isEmpty
                || service.wants(changedAddresses)
            markDirty(
                service.ports.indices.filter {
                    concernsAllPorts || nodePortsChanged && service.ports[$0].nodePort != 0
                },
                at: place
            )
        }
    }

    /// Takes over which addresses the API servers have, and marks the Service ports that want one of those.
    private mutating func noteAPIServers() {
        let endpoints = apiServerEndpoints
        guard endpoints != basis.apiServerEndpoints else { return }
        // Whether a Service leads to the API servers decides whether it may have the address in front of them.
        let changed = endpoints.changedKeys(from: basis.apiServerEndpoints)
            .union(basis.facts.surroundings.apiServers.keys)
        basis = PlanBasis(
            facts: basis.facts, configuration: basis.configuration, apiServerEndpoints: endpoints,
            missingSchedulers: basis.missingSchedulers)
        for place in entries.indices {
            guard let service = entries[place].service, service.wants(changed) else { continue }
            markDirty(service.ports.indices, at: place)
        }
    }

    // MARK: Reading

    /// Every port of every Service, ascending.
    public var servicePorts: [ServicePortID] {
        entries.flatMap { entry in
            entry.service.map { service in service.ports.map { ServicePortID($0, of: service.name) } } ?? []
        }.sorted().withoutRepetition()
    }

    /// The external and load balancer IPs of all Services.
    public var externalAddresses: Set<IPAddress> {
        var addresses: Set<IPAddress> = []
        for place in entries.indices {
            guard let service = entries[place].service else { continue }
            addresses.formUnion(service.externalIPs)
            addresses.formUnion(service.loadBalancerVIPs)
        }
        return addresses
    }

    public func service(_ name: ObjectName) -> Service? {
        places[name].flatMap { entries[$0].service }
    }

    /// The slices of a Service, of both families, in no particular order.
    public func slices(of service: ObjectName) -> [EndpointSlice] {
        places[service].map { entries[$0].slices } ?? []
    }

    /// The endpoints of a Service port in ascending order, each identity once.
    public func endpoints(of id: ServicePortID, in family: IPFamily) -> [PortEndpoint] {
        guard let service = service(id.service), let port = service.port(id) else { return [] }
        let slices = slices(of: id.service)
        let settings = ServerSettings(service, slices, basis)
        return PortEndpoint.merged(slices, of: port, in: family, on: basis.facts, weighing: settings.weighing)
    }

    /// What a Service port becomes now; empty for one that does not exist.
    public func plan(of id: ServicePortID, in family: IPFamily) -> ServicePortPlan {
        guard let place = places[id.service], let service = entries[place].service, let port = service.port(id) else {
            return ServicePortPlan()
        }
        return plan(port, of: service, entries[place].slices, nil, in: family)
    }
}
