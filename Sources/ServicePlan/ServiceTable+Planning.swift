// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
import KubernetesObjects

/// What is to be planned again, and what it becomes.
extension ServiceTable {
    /// The Service ports whose contribution may have changed since they were last taken, each once. Their order means
    /// nothing, but is the same in each run. Those that no longer exist are among them: they now contribute nothing.
    public mutating func takeDirty() -> [ServicePortID] {
        var taken: [ServicePortID] = []
        taken.reserveCapacity(dirtyCount)
        forEachDirty(atMost: .max) { _, id, _, _ in taken.append(id) }
        return taken
    }

    /// Takes the dirty ports as `takeDirty` does, and hands over the plan of each in each of the families.
    ///
    /// - Parameter limit: about how many ports to plan. Those of Services with few ports come first, and all of them; what is
    ///   left stays dirty.
    public mutating func planDirty(
        in families: [IPFamily],
        atMost limit: Int = .max,
        _ body: (ServicePortID, IPFamily, consuming Contribution, PlanObservations) -> Void
    ) {
        forEachDirty(atMost: limit) { table, id, place, lookup in
            // A port that is noted by place need not be looked up by name.
            table.forEachPlan(of: id, at: place ?? table.places[id.service], lookup, in: families, body)
        }
    }

    /// Hands over the dirty ports, each with the place of its Service's entry unless it was noted by name. They are not
    /// made into an array: after a list of everything there are as many as the cluster has.
    private mutating func forEachDirty(
        atMost limit: Int,
        _ body: (inout ServiceTable, ServicePortID, _ place: Int?, PortLookup?) -> Void
    ) {
        let places = dirtyEntries
        dirtyEntries = []
        for place in places {
            let marks = entries[place].takeDirtyPorts()
            guard marks != 0, let (name, ports) = entries[place].servicePorts else { continue }
            for (index, port) in ports.prefix(Entry.markedPorts).enumerated()
            where marks & 1 << UInt64(index) != 0 {
                // In a file, two ports can have one identity.
                guard !ports[..<index].contains(where: { $0.hasIdentity(of: port) }) else { continue }
                let id = ServicePortID(port, of: name)
                if !otherDirtyPorts.isEmpty { otherDirtyPorts.remove(id) }
                body(&self, id, place, nil)
            }
        }
        let others = takeOtherDirtyPorts(atMost: limit)
        var known: ObjectName?
        var lookup: PortLookup?
        for (index, id) in others.enumerated() {
            if known != id.service {
                known = id.service
                let last = index + PortLookup.worthwhileCount
                lookup = last < others.count && others[last].service == id.service ? portLookup(of: id.service) : nil
            }
            body(&self, id, nil, lookup)
        }
    }

    private func portLookup(of service: ObjectName) -> PortLookup? {
        guard let place = places[service], let service = entries[place].service else { return nil }
        return PortLookup(service, entries[place].slices)
    }

    /// Ports of one Service stay together. Where there are too many, the latest ones come first if they are few.
    private mutating func takeOtherDirtyPorts(atMost limit: Int) -> [ServicePortID] {
        var taken = otherDirtyPorts.sorted()
        otherDirtyPorts = []
        if taken.count > limit {
            lateDirtyPorts = Set(lateDirtyPorts).union(taken).sorted(by: >)
            taken = []
        }
        let room = max(0, limit - taken.count)
        taken += lateDirtyPorts.suffix(room).reversed()
        lateDirtyPorts.removeLast(min(room, lateDirtyPorts.count))
        return taken
    }

    /// About how many ports are dirty: all of a Service may count as one.
    public var dirtyCount: Int { dirtyEntries.count + otherDirtyPorts.count + lateDirtyPorts.count }

    public var hasDirty: Bool { dirtyCount > 0 }

    /// Marks all ports of a Service that is about to change or go. They are marked by name, because their places will
    /// change.
    mutating func markLost(_ service: Service, at place: Int) {
        for port in service.ports {
            otherDirtyPorts.insert(ServicePortID(port, of: service.name))
        }
        entries[place].dirtyPorts = 0
    }

    /// Marks ports of the Service of an entry.
    mutating func markDirty(_ ports: some Sequence<Int>, at place: Int) {
        for port in ports {
            markDirty(port, at: place)
        }
    }

    /// Marks the ports of the Service of an entry that a slice with these ports feeds.
    mutating func markDirty(_ slicePorts: [EndpointPort], at place: Int) {
        guard let (_, ports) = entries[place].servicePorts else { return }
        guard ports.count <= PortLookup.worthwhileCount || slicePorts.count <= PortLookup.worthwhileCount else {
            let keys = Set(slicePorts.lazy.map { PortKey($0) })
            for (index, port) in ports.enumerated() where keys.contains(PortKey(port)) {
                markDirty(index, at: place)
            }
            return
        }
        for (index, port) in ports.enumerated()
        where slicePorts.contains(where: { $0.hasIdentity(of: port) }) {
            markDirty(index, at: place)
        }
    }

    private mutating func markDirty(_ port: Int, at place: Int) {
        if port < Entry.markedPorts {
            if entries[place].dirtyPorts == 0 { dirtyEntries.append(place) }
            entries[place].dirtyPorts |= 1 << UInt64(port)
        } else if let service = entries[place].service {
            otherDirtyPorts.insert(ServicePortID(service.ports[port], of: service.name))
        }
    }

    /// Hands over what a Service port becomes in each of the families, with one look at its objects.
    ///
    /// Declared `mutating` only to avoid a copy of the table for each port: it changes nothing.
    private mutating func forEachPlan(
        of id: ServicePortID,
        at place: Int?,
        _ lookup: PortLookup?,
        in families: [IPFamily],
        _ body: (ServicePortID, IPFamily, consuming Contribution, PlanObservations) -> Void
    ) {
        guard let place, let service = entries[place].service,
            let port = lookup.map({ $0.port(id) }) ?? service.port(id)
        else {
            return families.forEach { body(id, $0, Contribution(), PlanObservations()) }
        }
        for family in families {
            let plan = plan(port, of: service, entries[place].slices, lookup, in: family)
            body(id, family, plan.contribution, plan.observations)
        }
    }

    func plan(
        _ port: ServicePort,
        of service: Service,
        _ slices: [EndpointSlice],
        _ lookup: PortLookup?,
        in family: IPFamily
    ) -> ServicePortPlan {
        guard families.contains(family), service.programmedClusterIP(of: family) != nil else {
            return ServicePortPlan()
        }
        let settings = ServerSettings(service, slices, basis) { place in
            guard slices[place].family == family else { return false }
            if let lookup { return lookup.feeders(of: port).contains { $0.slice == place } }
            return slices[place].ports.contains { $0.feeds(port) }
        }
        let weighing = settings.weighing
        let endpoints =
            if let lookup {
                PortEndpoint.merged(
                    slices, feeding: lookup.feeders(of: port), in: family, on: basis.facts, weighing: weighing)
            } else {
                PortEndpoint.merged(slices, of: port, in: family, on: basis.facts, weighing: weighing)
            }
        return ServicePortPlan(
            port, of: service, endpoints: endpoints, in: family, basis: basis, settings: settings)
    }
}
