// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import DataplaneTesting
import Foundation
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    /// The program that writes sets, and what becomes of sets and of everything else without it.
    @Suite(.serialized) struct SetsProgramTests {
        private static let start = ContinuousClock().now
        private static let name = "KUBE-CLUSTER-IP"
        private static let set = IPSetDefinition(
            name: "TEST-PROGRAM", type: .hashIPPort, family: .v4, maximumElements: 1 << 20)

        private func entries(_ count: UInt32) -> [IPSetEntry] {
            (0..<count).map { .ipPort(IPAddress(v4: 0x0a00_0001 + $0), .tcp, 80) }
        }

        private func signal(_ name: String, to sets: KernelIPSet) async throws -> Int32 {
            let process = try #require(sets.programIdentifier)
            try await command("kill", "-\(name)", "\(process)")
            return process
        }

        private func hasEnded(_ process: Int32) -> Bool {
            !FileManager.default.fileExists(atPath: "/proc/\(process)")
        }

        private func create(_ set: IPSetDefinition, on sets: KernelIPSet) throws {
            _ = try sets.destroyIfPresent(set.name)
            try sets.create(set)
        }

        @Test func `it may administer the network, and do nothing else`() async throws {
            let sets = KernelIPSet()
            try create(Self.set, on: sets)
            let process = try #require(sets.programIdentifier)
            let status = try await command("cat", "/proc/\(process)/status")
            // CAP_NET_ADMIN is number 12. Seccomp's mode 2 is a filter.
            for line in [
                "CapInh:\t0000000000000000", "CapPrm:\t0000000000001000", "CapEff:\t0000000000001000",
                "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2",
            ] {
                #expect(status.contains("\n\(line)\n"), "\(status)")
            }
            // The socket to here, the standard error twice, and netlink.
            #expect(try await output(of: "ls", "/proc/\(process)/fd").split(separator: "\n") == ["0", "1", "2", "3"])
            #expect(try await command("cat", "/proc/\(process)/environ").isEmpty)
            try sets.destroy(Self.set.name)
        }

        @Test func `it reads no file once it has started`() async throws {
            let sets = KernelIPSet()
            try create(Self.set, on: sets)
            let process = try #require(sets.programIdentifier)
            let trace = FileManager.default.temporaryDirectory.path + "/kube-ipvs-\(UUID().uuidString)"
            let tracer = Task {
                try await command(
                    "timeout", "20", "strace", "-e", "trace=%file,%process", "-o", trace, "-p", "\(process)")
            }
            try await eventually("strace has attached") {
                try await command("grep", "TracerPid", "/proc/\(process)/status").contains("\t0\n") == false
            }
            for _ in 1...3 {
                #expect(try sets.apply(entries(100).map { .add($0, to: Self.set) }) == [])
                #expect(throws: DataplaneError.self) { try sets.create(Self.set) }
                #expect(throws: DataplaneError.self) { try sets.swap(Self.set.name, "TEST-NONE") }
            }
            try sets.destroy(Self.set.name)
            try await command("pkill", "-x", "strace")
            _ = try? await tracer.value
            let calls = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
            #expect(calls.allSatisfy { $0.contains("detached") || $0.hasPrefix("---") }, "\(calls)")
        }

        @Test func `killed while nobody writes, it is told once, started again, and what it knew is not needed`()
            async throws
        {
            let sets = KernelIPSet()
            try create(Self.set, on: sets)
            let first = try await signal("KILL", to: sets)
            // A reading finds it out too: on a quiet node there may be nothing to write.
            let told = #expect(throws: DataplaneError.self) { try sets.contents(ofSetNamed: Self.set.name) }
            let words = "kube-ipvs-sets, the program that writes sets, was ended by signal 9"
            #expect(told?.explanation.hasSuffix(words) == true)
            #expect(try sets.contents(ofSetNamed: Self.set.name) != nil)
            #expect(try sets.apply(entries(10).map { .add($0, to: Self.set) }) == [])
            #expect(sets.programIdentifier != first)

            // Ended again at once, it waits: other calls fail with the same words, and are not held up.
            _ = try await signal("KILL", to: sets)
            let again = #expect(throws: DataplaneError.self) { try sets.destroy(Self.set.name) }
            #expect(again == told)
            let failing = ContinuousClock.now
            var attempts = 0
            while (try? sets.destroy(Self.set.name)) == nil {
                attempts += 1
                try await Task.sleep(for: .milliseconds(20))
                try #require(ContinuousClock.now - failing < .seconds(30))
            }
            #expect(attempts > 1)
            #expect(ContinuousClock.now - failing >= .milliseconds(900))
        }

        @Test func `killed in the middle of many entries, the next writing completes them`() async throws {
            let sets = KernelIPSet()
            try create(Self.set, on: sets)
            let process = try #require(sets.programIdentifier)
            let changes = entries(300_000).map { IPSetChange.add($0, to: Self.set) }
            // A process of its own: writing blocks the only thread that a machine with one processor has for tasks.
            let count = "$(ipset list -terse \(Self.set.name) | sed -n 's/^Number of entries: //p')"
            let script = "until [ \(count) -gt 1000 ]; do :; done; kill -KILL \(process)"
            try await command("bash", "-c", "( \(script) ) </dev/null >/dev/null 2>&1 &")
            let error = #expect(throws: DataplaneError.self) { try sets.apply(changes) }
            #expect(error?.explanation.hasSuffix("was ended by signal 9") == true)
            let written = try #require(try sets.contents(ofSetNamed: Self.set.name)).1
            #expect(written.count > 1_000 && written.count < 300_000)
            #expect(try sets.apply(changes) == [])
            #expect(try sets.contents(ofSetNamed: Self.set.name)?.1.count == 300_000)
            try sets.destroy(Self.set.name)
        }

        @Test func `stopped with a full socket, it is given up after a while, and another one goes on`() async throws {
            let sets = KernelIPSet(timeLimit: .milliseconds(500))
            try create(Self.set, on: sets)
            let stopped = try await signal("STOP", to: sets)
            let changes = entries(100_000).map { IPSetChange.add($0, to: Self.set) }
            let start = ContinuousClock.now
            let error = #expect(throws: DataplaneError.self) { try sets.apply(changes) }
            #expect(error?.explanation.hasSuffix("did not go on within 0.5 seconds") == true)
            #expect(ContinuousClock.now - start < .seconds(20))
            try await eventually("the stopped one has been ended") { hasEnded(stopped) }
            #expect(try sets.apply(changes) == [])
            try sets.destroy(Self.set.name)
        }

        @Test func `signals that a service manager sends to every process are for the daemon`() async throws {
            let sets = KernelIPSet()
            try create(Self.set, on: sets)
            let process = try #require(sets.programIdentifier)
            // Its own end is that of the daemon.
            for name in ["TERM", "INT", "HUP", "PIPE"] { _ = try await signal(name, to: sets) }
            try sets.destroy(Self.set.name)
            #expect(sets.programIdentifier == process)
        }

        // MARK: In a pass

        private func reconciler() -> FamilyReconciler<Int> {
            FamilyReconciler<Int>(family: .v4, ruleConfiguration: RuleConfiguration(), gracefulTimeout: .seconds(900))
        }

        private func contribution(_ number: UInt32) -> Contribution {
            let address = IPAddress(v4: 0x0a60_0000 + number)
            var contribution = Contribution()
            contribution.virtualServers = [
                VirtualServer(
                    id: VirtualServer.ID(address: address, port: 80, transport: .tcp),
                    configuration: VirtualServer.Configuration(scheduler: .roundRobin, persistenceMask: .max))
            ]
            contribution.setEntries = [SetMembership(.clusterIP, .ipPort(address, .tcp, 80))]
            return contribution
        }

        @Test(arguments: ["killed", "missing"])
        func `without it virtual servers are written as ever, and a verifying pass repairs the sets`(
            trouble: String
        ) async throws {
            let fake = FakeDataplane()
            let path = FileManager.default.temporaryDirectory.path + "/kube-ipvs-\(UUID().uuidString)"
            let original = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
                .appending(path: "kube-ipvs-sets").path
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: original)
            defer { try? FileManager.default.removeItem(atPath: path) }
            let sets = KernelIPSet(program: path)
            let dataplane = Dataplane(ipvs: fake.ipvs, sets: sets, addresses: fake.addresses, rules: fake.rules)
            for set in ServiceSet.allCases { _ = try sets.destroyIfPresent(set.name(for: .v4)) }

            var reconciler = reconciler()
            reconciler.replaceContribution(of: 1, with: contribution(1))
            #expect(await reconciler.pass(.verify, at: Self.start, on: dataplane).isComplete)

            if trouble == "missing" { try FileManager.default.removeItem(atPath: path) }
            _ = try await signal("KILL", to: sets)
            reconciler.replaceContribution(of: 2, with: contribution(2))
            let changes = await reconciler.pass(.changes, at: Self.start, on: dataplane)
            #expect(changes.failures.map(\.part) == [.ipset])
            #expect(changes.applied[.virtualServer] == 1)

            if trouble == "missing" {
                let report = await reconciler.pass(.verify, at: Self.start, on: dataplane)
                let words = "cannot be started: No such file or directory"
                #expect(report.failures.contains { $0.explanation.hasSuffix(words) })
                reconciler.replaceContribution(of: 3, with: contribution(3))
                let next = await reconciler.pass(.changes, at: Self.start, on: dataplane)
                #expect(next.applied[.virtualServer] == 1)
                try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: original)
            }
            try await eventually("a verifying pass is complete") {
                await reconciler.pass(.verify, at: Self.start, on: dataplane).isComplete
            }
            let count = trouble == "missing" ? 3 : 2
            #expect(try sets.contents(ofSetNamed: Self.name)?.1.count == count)
            for set in ServiceSet.allCases { try sets.destroy(set.name(for: .v4)) }
        }
    }
}
