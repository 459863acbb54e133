// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import Foundation
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    /// Descriptors of this process, in which the clients of the kernel are.
    @Suite(.serialized) struct DescriptorTests {
        private static let set = IPSetDefinition(
            name: "TEST-DESCRIPTORS", type: .hashIP, family: .v4, maximumElements: 1024)

        private func count() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }

        private func useAll() throws {
            let ipvs = try KernelIPVS()
            _ = try ipvs.dumpAll()
            let sets = KernelIPSet()
            _ = try sets.destroyIfPresent(Self.set.name)
            try sets.create(Self.set)
            _ = try sets.definition(ofSetNamed: Self.set.name)
            _ = try sets.contents(ofSetNamed: Self.set.name)
            try sets.destroy(Self.set.name)
            let addresses = try KernelAddresses()
            _ = try addresses.linkExists()
            _ = try addresses.localRoutes(of: .v4)
            _ = try KernelConntrack().flows(matching: ConntrackFilter(.v4, .udp))
        }

        @Test func `clients of the kernel that are dropped leave no descriptor behind`() async throws {
            try useAll()
            let before = try count()
            for _ in 0..<8 { try useAll() }
            // A program that has been left takes a moment to end.
            try await eventually("no more descriptors than \(before)") { try count() <= before }
        }
    }
}
