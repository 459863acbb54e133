// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

extension Dataplane {
    /// The same data plane with some of its virtual servers, set entries and addresses out of sight.
    ///
    /// A pass over it remembers nothing of what it is not shown, so a look at a few objects takes little memory however many the
    /// kernel has.
    public func showing(_ isShown: @escaping (RehearsedChange.Subject) -> Bool) -> Dataplane {
        var shown = self
        shown.ipvs = ShownIPVS(original: ipvs, isShown)
        shown.sets = ShownSets(original: sets, isShown)
        shown.addresses = ShownAddresses(original: addresses, isShown)
        return shown
    }
}

private final class ShownIPVS: IPVSDataplane {
    private let original: any IPVSDataplane
    private let isShown: (RehearsedChange.Subject) -> Bool

    init(original: any IPVSDataplane, _ isShown: @escaping (RehearsedChange.Subject) -> Bool) {
        self.original = original
        self.isShown = isShown
    }

    func listVirtualServers(
        _ reading: inout KernelReading<Void>,
        _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try original.listVirtualServers(&reading) { server in
            if case .address(let id) = server.identity, !isShown(.virtualServer(id)) { return }
            body(server)
        }
    }

    func virtualServer(_ id: VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer? {
        isShown(.virtualServer(id)) ? try original.virtualServer(id) : nil
    }

    func realServers(of id: VirtualServer.ID) throws(DataplaneError) -> [ObservedRealServer]? {
        isShown(.virtualServer(id)) ? try original.realServers(of: id) : nil
    }

    func has(_ scheduler: Scheduler) throws(DataplaneError) -> Bool { try original.has(scheduler) }

    func apply(_ changes: [IPVSChange]) throws(DataplaneError) -> [RefusedChange<IPVSChange>] {
        try original.apply(changes)
    }
}

private final class ShownSets: IPSetDataplane {
    private let original: any IPSetDataplane
    private let isShown: (RehearsedChange.Subject) -> Bool

    init(original: any IPSetDataplane, _ isShown: @escaping (RehearsedChange.Subject) -> Bool) {
        self.original = original
        self.isShown = isShown
    }

    func readMembers(
        _ reading: inout KernelReading<NamedSet>,
        _ body: (IPSetEntry) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        let name = reading.subject.name
        return try original.readMembers(&reading) { entry in
            if isShown(.setEntry(entry, set: name)) { body(entry) }
        }
    }

    func definition(ofSetNamed name: String) throws(DataplaneError) -> IPSetDefinition? {
        try original.definition(ofSetNamed: name)
    }

    func create(_ set: IPSetDefinition) throws(DataplaneError) { try original.create(set) }

    func swap(_ first: String, _ second: String) throws(DataplaneError) { try original.swap(first, second) }

    func destroy(_ name: String) throws(DataplaneError) { try original.destroy(name) }

    func destroyReleased(_ name: String) throws(DataplaneError) { try original.destroyReleased(name) }

    func destroyIfPresent(_ name: String) throws(DataplaneError) -> Bool { try original.destroyIfPresent(name) }

    func apply(_ changes: [IPSetChange]) throws(DataplaneError) -> [RefusedChange<IPSetChange>] {
        try original.apply(changes)
    }
}

private final class ShownAddresses: AddressDataplane {
    private let original: any AddressDataplane
    private let isShown: (RehearsedChange.Subject) -> Bool

    init(original: any AddressDataplane, _ isShown: @escaping (RehearsedChange.Subject) -> Bool) {
        self.original = original
        self.isShown = isShown
    }

    func linkExists() throws(DataplaneError) -> Bool { try original.linkExists() }

    func createLink() throws(DataplaneError) { try original.createLink() }

    func listAddresses(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try original.listAddresses(&reading) { bound in
            if isShown(.address(bound.address)) { body(bound) }
        }
    }

    func listRoutes(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (LocalRoute) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try original.listRoutes(&reading) { route in
            if isShown(.address(route.address)) { body(route) }
        }
    }

    func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>] {
        try original.apply(changes)
    }
}
