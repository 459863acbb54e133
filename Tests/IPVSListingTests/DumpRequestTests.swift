// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import IPVSListing
import Testing

struct DumpRequestTests {
    enum Option {
        case service, connections, timeouts, syncDaemons, statistics, rates, thresholds, persistentConnections, tunnels
        case exact, unsorted, save, json

        func set(in request: inout DumpRequest) {
            switch self {
            case .service: request.virtualServers.append(.firewallMark(1, .v4))
            case .connections: request.connections = true
            case .timeouts: request.timeouts = true
            case .syncDaemons: request.syncDaemons = true
            case .statistics: request.statistics = true
            case .rates: request.rates = true
            case .thresholds: request.thresholds = true
            case .persistentConnections: request.persistentConnections = true
            case .tunnels: request.tunnels = true
            case .exact: request.exact = true
            case .unsorted: request.unsorted = true
            case .save: request.save = true
            case .json: request.json = true
            }
        }
    }

    private static let identity = ObservedVirtualServer.Identity.firewallMark(1, .v4)

    private func request(_ options: [Option]) -> DumpRequest {
        var request = DumpRequest()
        for option in options { option.set(in: &request) }
        return request
    }

    /// What `ipvsadm --list` and `--save` refuse, too, and `--save` as JSON.
    @Test(
        arguments: [
            [.connections, .service],
            [.connections, .timeouts],
            [.connections, .syncDaemons],
            [.timeouts, .syncDaemons],
            [.timeouts, .service],
            [.service, .service],
            [.connections, .statistics],
            [.connections, .rates],
            [.connections, .thresholds],
            [.timeouts, .rates],
            [.timeouts, .persistentConnections],
            [.syncDaemons, .persistentConnections],
            [.syncDaemons, .thresholds],
            [.save, .connections],
            [.save, .service],
            [.save, .statistics],
            [.save, .persistentConnections],
            [.save, .tunnels],
            [.save, .exact],
            [.save, .unsorted],
            [.save, .json],
        ] as [[Option]])
    func `options that contradict each other are refused`(options: [Option]) {
        #expect(throws: DumpConflict.self) { try request(options).subject() }
    }

    @Test func `a refusal names both options`() throws {
        let conflict = try #require(throws: DumpConflict.self) { try request([.connections, .statistics]).subject() }
        #expect(conflict.description == "--stats does not go with --connection")
    }

    @Test(
        arguments: [
            ([], .table),
            ([.statistics, .rates, .exact], .table),
            ([.service, .thresholds], .virtualServer(identity)),
            ([.connections, .persistentConnections, .tunnels], .connections),
            ([.timeouts, .exact, .unsorted], .timeouts),
            ([.syncDaemons, .json], .syncDaemons),
            ([.save], .table),
        ] as [([Option], DumpRequest.Subject)])
    func `options that go together name one subject`(options: [Option], subject: DumpRequest.Subject) throws {
        #expect(try request(options).subject() == subject)
    }

    @Test(
        arguments: [
            ([.tunnels, .persistentConnections, .thresholds, .rates, .statistics], .statistics),
            ([.tunnels, .persistentConnections, .thresholds, .rates], .rates),
            ([.tunnels, .persistentConnections, .thresholds], .thresholds),
            ([.tunnels, .persistentConnections], .persistentConnections),
            ([.tunnels], .tunnels),
            ([], .weights),
        ] as [([Option], TableListing.Columns)])
    func `of several options for columns the first in ipvsadm's order counts`(
        options: [Option],
        columns: TableListing.Columns
    ) {
        #expect(request(options).table == TableListing(columns: columns))
    }

    @Test func `exact and unsorted are handed on`() {
        #expect(request([.exact, .unsorted]).table == TableListing(exact: true, sorted: false))
    }
}
