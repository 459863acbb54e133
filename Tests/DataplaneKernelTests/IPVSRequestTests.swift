// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Netlink
import Testing

@testable import DataplaneKernel

/// Requests to the `IPVS` family.
@Suite struct IPVSRequestTests {
    private let family = GenericFamily(id: 30, version: 1)

    private func bytes(of request: borrowing NetlinkRequest) -> [UInt8] {
        request.withBytes { bytes in unsafe bytes.withUnsafeBytes { unsafe Array($0) } }
    }

    /// Of two virtual servers, of both families, with real servers of both that are added, edited and removed in turn.
    private let changes: [IPVSChange] = ["10.96.0.1", "fd00::1", "10.96.0.1"].flatMap { text -> [IPVSChange] in
        guard let address = IPAddress(text) else { return [] }
        let id = VirtualServer.ID(address: address, port: 80, transport: .tcp)
        let realServers = (1...4 as ClosedRange<UInt32>).map { number in
            // The first two differ in their identity alone, the last one in its family.
            let isV4 = (address.family == .v4) == (number < 4)
            let address = isV4 ? IPAddress(v4: 0x0af4_0000 + number) : IPAddress(high: 9, low: UInt64(number))
            return RealServer(id: RealServer.ID(address: address, port: UInt16(8080 + number)), weight: number / 3)
        }
        return [.addVirtualServer(id, .init(scheduler: .roundRobin, persistenceMask: .max, persistenceEngine: "sip"))]
            + realServers.map { .addRealServer($0, to: id) } + realServers.map { .editRealServer($0, of: id) }
            + realServers.map { .removeRealServer($0.id, from: id) } + [.removeVirtualServer(id)]
    }

    @Test func `a request is the same whatever was written before it`() throws {
        #expect(changes.count == 42)
        var running = try NetlinkRequest()
        var beginning: NetlinkRequest.Beginning?
        for change in changes {
            try running.write(change, for: family, after: &beginning)
            var alone = try NetlinkRequest()
            var none: NetlinkRequest.Beginning?
            try alone.write(change, for: family, after: &none)
            #expect(bytes(of: running) == bytes(of: alone), "\(change)")
        }
    }
}
