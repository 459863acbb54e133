// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Reconcile
import Testing

/// What stands between a pass and the kernel.
struct InterceptionTests {
    private let fake = FakeDataplane()
    private let server = VirtualServer.ID(address: IPAddress(v4: 0x0a60_0001), port: 80, transport: .tcp)
    private let set = IPSetDefinition(name: "KUBE-CLUSTER-IP", type: .hashIPPort, family: .v4)

    /// Makes each call of a data plane once.
    ///
    /// - Returns: what failed, by the parts.
    private func callAll(of dataplane: Dataplane) async -> [DataplaneError.Part] {
        var failed: [DataplaneError.Part] = []
        func call(_ body: () throws(DataplaneError) -> Void) {
            do throws(DataplaneError) { try body() } catch { failed.append(error.part) }
        }
        call { () throws(DataplaneError) in
            var reading = KernelReading<Void>()
            while try dataplane.ipvs.listVirtualServers(&reading, { _ in }) == .more {}
        }
        call { () throws(DataplaneError) in _ = try dataplane.ipvs.virtualServer(server) }
        call { () throws(DataplaneError) in _ = try dataplane.ipvs.realServers(of: server) }
        call { () throws(DataplaneError) in _ = try dataplane.ipvs.apply([.removeVirtualServer(server)]) }
        call { () throws(DataplaneError) in try dataplane.sets.create(set) }
        call { () throws(DataplaneError) in _ = try dataplane.sets.definition(ofSetNamed: set.name) }
        call { () throws(DataplaneError) in _ = try dataplane.sets.contents(ofSetNamed: set.name) }
        call { () throws(DataplaneError) in try dataplane.sets.swap(set.name, set.name) }
        call { () throws(DataplaneError) in _ = try dataplane.sets.apply([]) }
        call { () throws(DataplaneError) in try dataplane.sets.destroy(set.name) }
        call { () throws(DataplaneError) in _ = try dataplane.sets.destroyIfPresent(set.name) }
        call { () throws(DataplaneError) in try dataplane.addresses.createLink() }
        call { () throws(DataplaneError) in _ = try dataplane.addresses.linkExists() }
        call { () throws(DataplaneError) in _ = try dataplane.addresses.boundAddresses(of: .v4) }
        call { () throws(DataplaneError) in _ = try dataplane.addresses.localRoutes(of: .v4) }
        call { () throws(DataplaneError) in _ = try dataplane.addresses.apply([]) }
        _ = dataplane.rules.fingerprint(.v4)
        do throws(DataplaneError) { _ = try await dataplane.rules.save(.v4) } catch { failed.append(error.part) }
        do throws(DataplaneError) { try await dataplane.rules.restore("", .v4) } catch { failed.append(error.part) }
        return failed
    }

    @Test func `an interceptor sees each call with its part and its purpose`() async {
        let journal = Journal()
        #expect(await callAll(of: fake.dataplane.intercepted(by: journal)).isEmpty)
        let purposes = Dictionary(grouping: journal.calls, by: \.part).mapValues { $0.map(\.purpose) }
        #expect(purposes[.ipvs] == [.beginReading, .read, .read, .write])
        #expect(purposes[.ipset] == [.write, .read, .beginReading, .write, .write, .write, .write])
        #expect(purposes[.addresses] == [.write, .read, .beginReading, .beginReading, .write])
        #expect(purposes[.rules] == [.read, .read, .write])
    }

    @Test func `a call that an interceptor stops does not reach the kernel`() async {
        let stop = Stop()
        let failed = await callAll(of: fake.dataplane.intercepted(by: stop))
        #expect(failed.count == 18)
        #expect(fake.dataplane.intercepted(by: stop).rules.fingerprint(.v4) == nil)
        #expect(fake.journal.isEmpty)
        #expect(fake.ipvs.listingCount == 0)
        #expect(fake.rules.saveCount == 0)
    }

    @Test func `an interceptor without methods changes nothing`() async {
        let other = FakeDataplane()
        #expect(await callAll(of: fake.dataplane.intercepted(by: Nothing())).isEmpty)
        #expect(await callAll(of: other.dataplane).isEmpty)
        #expect(fake.journal == other.journal)
        #expect(!fake.journal.isEmpty)
    }
}

private final class Journal: DataplaneInterceptor {
    private(set) var calls: [DataplaneCall] = []

    func intercept<Value>(
        _ call: DataplaneCall,
        _ body: () throws(DataplaneError) -> Value
    ) throws(DataplaneError) -> Value {
        calls.append(call)
        return try body()
    }

    func interceptProgram<Value>(
        _ call: DataplaneCall,
        _ body: () async throws(DataplaneError) -> Value
    ) async throws(DataplaneError) -> Value {
        calls.append(call)
        return try await body()
    }
}

private struct Stop: DataplaneInterceptor {
    func intercept<Value>(
        _ call: DataplaneCall,
        _ body: () throws(DataplaneError) -> Value
    ) throws(DataplaneError) -> Value {
        throw DataplaneError(part: call.part, explanation: "stopped")
    }

    func interceptProgram<Value>(
        _ call: DataplaneCall,
        _ body: () async throws(DataplaneError) -> Value
    ) async throws(DataplaneError) -> Value {
        throw DataplaneError(part: call.part, explanation: "stopped")
    }
}

private struct Nothing: DataplaneInterceptor {}
