// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Foundation
import KubernetesObjects
import Reconcile
import ServicePlan
import Testing

/// Services that come and go, whose names and addresses nobody has heard before. Each test has a process of its own, so that
/// its memory is its own.
struct ChurnTests {
    @Test func `a hundred thousand Services that come and go leave nothing in memory`() async {
        await #expect(processExitsWith: .success) {
            var churn = Churn()
            #expect(await churn.pass(.verify).isComplete)
            await churn.run(0..<20_000)
            let before = try Churn.residentBytes()
            await churn.run(20_000..<120_000)
            let grown = try Churn.residentBytes() - before
            #expect(grown < 4 << 20, "\(grown / 1024) KiB more")
            #expect(!churn.hasWork)
        }
    }

    @Test func `while the kernel cannot be read, names that come and go are not kept as pending`() async {
        await #expect(processExitsWith: .success) {
            var churn = Churn()
            #expect(await churn.pass(.verify).isComplete)
            churn.kernel.isBroken = true
            await churn.run(0..<20_000)
            let before = try Churn.residentBytes()
            await churn.run(20_000..<120_000)
            let grown = try Churn.residentBytes() - before
            #expect(grown < 4 << 20, "\(grown / 1024) KiB more")

            // What is wanted comes with the next reading all the same.
            churn.add(7)
            _ = await churn.pass(.changes)
            churn.kernel.isBroken = false
            let report = await churn.pass(.verify)
            #expect(report.isComplete)
            #expect(report.applied[.address] == 1)
            #expect((report.applied[.setEntry] ?? 0) >= 2)
            #expect(!churn.hasWork)
        }
    }
}

private struct Churn {
    let kernel = ForgetfulKernel()
    private var table = ServiceTable(facts: NodeFacts(name: "this-node"), families: [.v4])
    private var reconciler = FamilyReconciler<ServicePortID>(
        family: .v4, ruleConfiguration: RuleConfiguration(), gracefulTimeout: .seconds(900))
    private static let start = ContinuousClock().now

    static func residentBytes() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(fields.dropFirst().first.flatMap { Int($0) }) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    var hasWork: Bool { reconciler.hasWork(at: Self.start) }

    mutating func pass(_ mode: PassMode) async -> PassReport {
        await reconciler.pass(
            mode, at: Self.start, on: Dataplane(ipvs: kernel, sets: kernel, addresses: kernel, rules: kernel))
    }

    /// Makes a hundred Services at a time come and go, with a pass for each.
    mutating func run(_ numbers: Range<Int>) async {
        for first in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 100) {
            for number in first..<first + 100 { add(number) }
            _ = await pass(.changes)
            for number in first..<first + 100 { remove(number) }
            _ = await pass(.changes)
        }
    }

    mutating func add(_ number: Int) {
        var service = Service(name: Self.name(number))
        service.clusterIPs = [IPAddress(v4: 0x0a60_0000 + UInt32(number))]
        service.ports = [ServicePort(name: "http", transport: .tcp, port: 80)]
        var slice = EndpointSlice(name: Self.name(number), serviceName: service.name.name)
        slice.ports = [EndpointPort(name: "http", port: 8080)]
        var endpoint = Endpoint(address: IPAddress(v4: 0x0b00_0000 + UInt32(number)))
        endpoint.nodeName = "node-of-somebody-\(number)"
        slice.endpoints = [endpoint]
        table.apply(.service(service))
        table.apply(.slice(slice))
        plan()
    }

    private mutating func remove(_ number: Int) {
        table.apply(.serviceRemoved(Self.name(number)))
        table.apply(.sliceRemoved(Self.name(number)))
        plan()
    }

    private mutating func plan() {
        table.planDirty(in: [.v4]) { id, _, contribution, _ in
            reconciler.replaceContribution(of: id, with: contribution)
        }
    }

    private static func name(_ number: Int) -> ObjectName {
        ObjectName(namespace: "namespace-of-somebody-\(number)", name: "service-of-somebody-\(number)")
    }
}

/// Takes everything and keeps nothing; broken, it takes nothing either.
private final class ForgetfulKernel: IPVSDataplane, IPSetDataplane, AddressDataplane, RulesDataplane {
    var isBroken = false

    private func check(_ part: DataplaneError.Part) throws(DataplaneError) {
        guard !isBroken else { throw DataplaneError(part: part, explanation: "the exchange broke off") }
    }

    func listVirtualServers(
        _ reading: inout KernelReading<Void>, _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try check(.ipvs)
        return .complete
    }
    func virtualServer(_ id: VirtualServer.ID) -> ObservedVirtualServer? { nil }
    func realServers(of id: VirtualServer.ID) -> [ObservedRealServer]? { nil }
    func apply(_ changes: [IPVSChange]) throws(DataplaneError) -> [RefusedChange<IPVSChange>] {
        try check(.ipvs)
        return []
    }

    func definition(ofSetNamed name: String) -> IPSetDefinition? { nil }
    func readMembers(
        _ reading: inout KernelReading<NamedSet>, _ body: (IPSetEntry) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try check(.ipset)
        return .complete
    }
    func create(_ set: IPSetDefinition) {}
    func swap(_ first: String, _ second: String) {}
    func destroy(_ name: String) {}
    func destroyReleased(_ name: String) {}
    func destroyIfPresent(_ name: String) -> Bool { false }
    func apply(_ changes: [IPSetChange]) throws(DataplaneError) -> [RefusedChange<IPSetChange>] {
        try check(.ipset)
        return []
    }

    func linkExists() -> Bool { true }
    func createLink() {}
    func listAddresses(
        _ reading: inout KernelReading<IPFamily>, _ body: (BoundAddress) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try check(.addresses)
        return .complete
    }
    func listRoutes(
        _ reading: inout KernelReading<IPFamily>, _ body: (LocalRoute) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        try check(.routes)
        return .complete
    }
    func apply(_ changes: [AddressChange]) throws(DataplaneError) -> [RefusedChange<AddressChange>] {
        try check(.addresses)
        return []
    }

    func save(_ family: IPFamily) async -> String { "" }
    func restore(_ input: String, _ family: IPFamily) async {}
    var supportsRandomFully: Bool { true }
}
