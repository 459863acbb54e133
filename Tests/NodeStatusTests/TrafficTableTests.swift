// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import IPVSListing
import KubernetesObjects
import Testing

@testable import NodeStatus

/// `kube-ipvs top`: from counters to a table.
struct TrafficTableTests {
    private static func id(_ number: UInt32) -> ObservedVirtualServer.Identity {
        .address(VirtualServer.ID(address: IPAddress(v4: 0x0a60_0000 + number), port: 80, transport: .tcp))
    }

    @Test func `rates are those that IPVS estimates`() {
        var statistics = TrafficStatistics()
        statistics.connections = 900
        statistics.connectionsPerSecond = 7
        statistics.outboundBytesPerSecond = 5
        #expect(TrafficRates(statistics) == TrafficRates(connections: 7, outboundBytes: 5))
        #expect(TrafficRates(TrafficStatistics()).isZero && !TrafficRates(statistics).isZero)
    }

    private static var table: TrafficTable {
        var table = TrafficTable()
        func names(_ name: String, _ port: String = "http") -> ServerNames {
            ServerNames(service: .init(namespace: "shop", name: name, port: port))
        }
        table.add(id(1), names("web"), TrafficRates(connections: 2, inboundPackets: 10, outboundBytes: 1_234_567))
        table.add(id(2), names("api"), TrafficRates(connections: 5, inboundPackets: 8, inboundBytes: 0.4))
        table.add(id(3), names("web", "admin"), TrafficRates(connections: 1, outboundPackets: 12.5))
        table.add(id(4), ServerNames(), TrafficRates(inboundBytes: 999.96))
        table.addIdle()
        table.addIdle()
        return table
    }

    @Test func `the virtual servers of one Service are one row, the busiest first`() {
        #expect(
            Self.table.lines(by: .connections) == [
                "    CONNS/S   PKTS-IN/S  PKTS-OUT/S  BYTES-IN/S BYTES-OUT/S  SERVICE",
                "          5           8           0         0.4           0  shop/api",
                "          3          10        12.5           0        1.2M  shop/web",
                "          0           0           0          1K           0  TCP 10.96.0.4:80",
                "2 virtual servers without traffic",
            ])
        #expect(Self.table.sorted(by: .packets).map(\.name) == ["web", "api", "TCP 10.96.0.4:80"])
        #expect(Self.table.sorted(by: .bytes).map(\.name) == ["web", "TCP 10.96.0.4:80", "api"])
        #expect(Self.table.sorted(by: .name).map(\.name) == ["TCP 10.96.0.4:80", "api", "web"])
    }

    @Test func `a screen that is too small says how many Services it does not show`() {
        let lines = Self.table.lines(by: .connections, limit: 1)
        #expect(lines.count == 4 && lines[2] == "and 2 more Services")
    }

    @Test func `the document is as the schema has it`() {
        #expect(
            String(decoding: Self.table.json(by: .bytes).text, as: UTF8.self) == """
                {"schemaVersion":1,"services":[\
                {"namespace":"shop","name":"web","virtualServers":2,"connectionsPerSecond":3.0,\
                "inboundPacketsPerSecond":10.0,"outboundPacketsPerSecond":12.5,"inboundBytesPerSecond":0.0,\
                "outboundBytesPerSecond":1234567.0},\
                {"namespace":null,"name":"TCP 10.96.0.4:80","virtualServers":1,"connectionsPerSecond":0.0,\
                "inboundPacketsPerSecond":0.0,"outboundPacketsPerSecond":0.0,"inboundBytesPerSecond":999.96,\
                "outboundBytesPerSecond":0.0},\
                {"namespace":"shop","name":"api","virtualServers":1,"connectionsPerSecond":5.0,\
                "inboundPacketsPerSecond":8.0,"outboundPacketsPerSecond":0.0,"inboundBytesPerSecond":0.4,\
                "outboundBytesPerSecond":0.0}],"idleVirtualServers":2}
                """)
    }

    @Test func `rates are told in four characters or so`() {
        let rates: [Double] = [0, 0.04, 0.06, 1, 9.96, 12.54, 999.94, 999.96, 1500, 123_456, 9_999_999_999, 4e15]
        #expect(
            rates.map(rateText) == [
                "0", "0", "0.1", "1", "10", "12.5", "999.9", "1K", "1.5K", "123.5K", "10G", "4000T",
            ])
    }
}
