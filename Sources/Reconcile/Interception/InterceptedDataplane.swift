// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel

final class InterceptedIPVS<Interceptor: DataplaneInterceptor>: IPVSDataplane {
    private let original: any IPVSDataplane
    private let interceptor: Interceptor

    init(_ original: any IPVSDataplane, _ interceptor: Interceptor) {
        self.original = original
        self.interceptor = interceptor
    }

    func listVirtualServers(
        _ reading: inout KernelReading<Void>,
        _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try interceptor.intercept(DataplaneCall(.ipvs, reading)) { () throws(DataplaneError) in
            guard let isShown = interceptor.isShown else { return try original.listVirtualServers(&reading, body) }
            return try original.listVirtualServers(&reading) { server in
                if case .address(let id) = server.identity, !isShown(.virtualServer(id)) { return }
                body(server)
            }
        }
    }

    func virtualServer(_ id: VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer? {
        guard interceptor.shows(.virtualServer(id)) else { return nil }
        return try interceptor.intercept(DataplaneCall(.ipvs, .read)) { () throws(DataplaneError) in
            try original.virtualServer(id)
        }
    }

    func realServers(of id: VirtualServer.ID) throws(DataplaneError) -> [ObservedRealServer]? {
        guard interceptor.shows(.virtualServer(id)) else { return nil }
        return try interceptor.intercept(DataplaneCall(.ipvs, .read)) { () throws(DataplaneError) in
            try original.realServers(of: id)
        }
    }

    /// A scheduler is looked for by changes, which are intercepted like others. Who only hides objects leaves it to the
    /// original, which may know without a change.
    func has(_ scheduler: Scheduler) throws(DataplaneError) -> Bool {
        guard interceptor.isShown == nil else { return try original.has(scheduler) }
        return try SchedulerProbe.finds(scheduler, on: self)
    }

    func apply(_ changes: [IPVSChange]) throws(DataplaneError) -> [RefusedChange<IPVSChange>] {
        try interceptor.intercept(changes, of: .ipvs) { (changes) throws(DataplaneError) in
            try original.apply(changes)
        }
    }
}

final class InterceptedSets<Interceptor: DataplaneInterceptor>: IPSetDataplane {
    private let original: any IPSetDataplane
    private let interceptor: Interceptor

    init(_ original: any IPSetDataplane, _ interceptor: Interceptor) {
        self.original = original
        self.interceptor = interceptor
    }

    func definition(ofSetNamed name: String) throws(DataplaneError) -> IPSetDefinition? {
        try interceptor.intercept(DataplaneCall(.ipset, .read)) { () throws(DataplaneError) in
            try original.definition(ofSetNamed: name)
        }
    }

    func readMembers(
        _ reading: inout KernelReading<NamedSet>,
        _ body: (IPSetEntry) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try interceptor.intercept(DataplaneCall(.ipset, reading)) { () throws(DataplaneError) in
            guard let isShown = interceptor.isShown else { return try original.readMembers(&reading, body) }
            let name = reading.subject.name
            return try original.readMembers(&reading) { entry in
                if isShown(.setEntry(entry, set: name)) { body(entry) }
            }
        }
    }

    func create(_ set: IPSetDefinition) throws(DataplaneError) {
        try write { () throws(DataplaneError) in try original.create(set) }
    }

    func swap(_ first: String, _ second: String) throws(DataplaneError) {
        try write { () throws(DataplaneError) in try original.swap(first, second) }
    }

    func destroy(_ name: String) throws(DataplaneError) {
        try write { () throws(DataplaneError) in try original.destroy(name) }
    }

    func destroyReleased(_ name: String) throws(DataplaneError) {
        try write { () throws(DataplaneError) in try original.destroyReleased(name) }
    }

    func destroyIfPresent(_ name: String) throws(DataplaneError) -> Bool {
        try write { () throws(DataplaneError) in try original.destroyIfPresent(name) }
    }

    func apply(_ changes: [IPSetChange]) throws(DataplaneError) -> [RefusedChange<IPSetChange>] {
        try interceptor.intercept(changes, of: .ipset) { (changes) throws(DataplaneError) in
            try original.apply(changes)
        }
    }

    private func write<Value>(_ body: () throws(DataplaneError) -> Value) throws(DataplaneError) -> Value {
        try interceptor.intercept(DataplaneCall(.ipset, .write), body)
    }
}

final class InterceptedAddresses<Interceptor: DataplaneInterceptor>: AddressDataplane {
    private let original: any AddressDataplane
    private let interceptor: Interceptor

    init(_ original: any AddressDataplane, _ interceptor: Interceptor) {
        self.original = original
        self.interceptor = interceptor
    }

    func linkExists() throws(DataplaneError) -> Bool {
        try interceptor.intercept(DataplaneCall(.addresses, .read)) { () throws(DataplaneError) in
            try original.linkExists()
        }
    }

    func createLink() throws(DataplaneError) {
        try interceptor.intercept(DataplaneCall(.addresses, .write)) { () throws(DataplaneError) in
            try original.createLink()
        }
    }

    func listAddresses(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try interceptor.intercept(DataplaneCall(.addresses, reading)) { () throws(DataplaneError) in
            guard let isShown = interceptor.isShown else { return try original.listAddresses(&reading, body) }
            return try original.listAddresses(&reading) { bound in
                if isShown(.address(bound.address)) { body(bound) }
            }
        }
    }

    func listRoutes(
        _ reading: inout KernelReading<IPFamily>,
        _ body: (LocalRoute) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try interceptor.intercept(DataplaneCall(.addresses, reading)) { () throws(DataplaneError) in
            guard let isShown = interceptor.isShown else { return try original.listRoutes(&reading, body) }
            return try original.listRoutes(&reading) { route in
                if isShown(.address(route.address)) { body(route) }
            }
        }
    }

    func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>] {
        try interceptor.intercept(changes, of: .addresses) { (changes) throws(DataplaneError) in
            try original.apply(changes)
        }
    }
}

final class InterceptedRules<Interceptor: DataplaneInterceptor>: RulesDataplane {
    private let original: any RulesDataplane
    private let interceptor: Interceptor

    init(_ original: any RulesDataplane, _ interceptor: Interceptor) {
        self.original = original
        self.interceptor = interceptor
    }

    var supportsRandomFully: Bool { original.supportsRandomFully }

    func fingerprint(_ family: IPFamily) -> RulesFingerprint? {
        do throws(DataplaneError) {
            return try interceptor.intercept(DataplaneCall(.rules, .read)) { () throws(DataplaneError) in
                original.fingerprint(family)
            }
        } catch {
            // So the rules are listed, which reports what is wrong.
            return nil
        }
    }

    func save(_ family: IPFamily) async throws(DataplaneError) -> String {
        try await interceptor.interceptProgram(DataplaneCall(.rules, .read)) { () async throws(DataplaneError) in
            try await original.save(family)
        }
    }

    func restore(_ input: String, _ family: IPFamily) async throws(DataplaneError) {
        try await interceptor.interceptProgram(DataplaneCall(.rules, .write)) { () async throws(DataplaneError) in
            try await original.restore(input, family)
        }
    }
}
