// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Foundation
import IPVSListing
import Testing

struct SnapshotJSONTests {
    private static let statistics = """
        "statistics": {
          "connections": 0,
          "inboundPackets": 0,
          "outboundPackets": 0,
          "inboundBytes": 0,
          "outboundBytes": 0,
          "connectionsPerSecond": 0,
          "inboundPacketsPerSecond": 0,
          "outboundPacketsPerSecond": 0,
          "inboundBytesPerSecond": 0,
          "outboundBytesPerSecond": 0
        }
        """

    private static let oneServer = """
        {
          "schemaVersion": 1,
          "virtualServers": [
            {
              "family": "IPv4",
              "protocol": "TCP",
              "address": "10.96.0.1",
              "port": 443,
              "firewallMark": null,
              "service": null,
              "scheduler": "mh",
              "schedulerFlags": [
                "mh-port"
              ],
              "onePacket": false,
              "persistence": {
                "timeout": 10800,
                "netmask": "255.255.255.0",
                "prefixLength": 24
              },
              "persistenceEngine": null,
              \(statistics.indented(by: 6)),
              "realServers": [
                {
                  "family": "IPv4",
                  "address": "10.244.1.2",
                  "port": 6443,
                  "pod": null,
                  "node": null,
                  "zone": null,
                  "drainAge": null,
                  "forwarding": "tunnel",
                  "tunnel": {
                    "type": "gue",
                    "port": 6080,
                    "checksum": true,
                    "remoteChecksum": false
                  },
                  "weight": 3,
                  "upperThreshold": 0,
                  "lowerThreshold": 0,
                  "activeConnections": 0,
                  "inactiveConnections": 0,
                  "persistentConnections": 0,
                  \(statistics.indented(by: 10))
                }
              ]
            }
          ]
        }

        """

    @Test func `a virtual server has every key, in one order`() {
        let snapshot = IPVSSnapshot(
            virtualServers: [
                server(.tcp, "10.96.0.1", 443, "mh", flags: .scheduler2, persistence: 10800, mask: 0xffff_ff00) {
                    real("10.244.1.2", 6443, .tunnel, weight: 3, tunnel: .init(kind: .gue, port: 6080, flags: 1))
                }
            ]
        )
        #expect(text(SnapshotJSON.text(of: snapshot)) == Self.oneServer)
    }

    private static let otherParts = #"""
        {
          "schemaVersion": 1,
          "ipvs": {
            "version": "1.2.1",
            "connectionTableSize": 256
          },
          "timeouts": {
            "tcp": 901,
            "tcpFin": 121,
            "udp": 302
          },
          "syncDaemons": [
            {
              "role": "backup",
              "interface": "eth0",
              "syncID": 255,
              "maximumLength": 0,
              "group": null,
              "port": 0,
              "ttl": 0
            }
          ],
          "virtualServers": [],
          "connections": [
            {
              "protocol": "UDP",
              "client": {
                "address": "10.96.0.13",
                "port": 0
              },
              "virtual": {
                "address": "10.96.0.13",
                "port": 5060
              },
              "destination": {
                "address": "10.244.9.1",
                "port": 5060
              },
              "state": "NONE",
              "expires": 355,
              "persistence": {
                "engine": "sip",
                "data": "a\"b\\c\u0001@ü"
              }
            }
          ]
        }

        """#

    @Test func `the other parts are there when they were read`() {
        let snapshot = IPVSSnapshot(
            info: GoldenTable.info,
            timeouts: GoldenTable.timeouts,
            syncDaemons: [SyncDaemon(role: .backup, multicastInterface: "eth0", syncID: 255)],
            virtualServers: [],
            connections: [
                ConnectionEntry(
                    protocolName: "UDP",
                    client: .init(address: address("10.96.0.13"), port: 0),
                    virtual: .init(address: address("10.96.0.13"), port: 5060),
                    destination: .init(address: address("10.244.9.1"), port: 5060),
                    state: "NONE",
                    expires: 355,
                    persistence: .init(engine: "sip", data: "a\"b\\c\u{1}@ü")
                )
            ]
        )
        #expect(text(SnapshotJSON.text(of: snapshot)) == Self.otherParts)
    }

    @Test func `a whole table is JSON for another reader, too`() throws {
        let json = SnapshotJSON.text(of: IPVSSnapshot(virtualServers: GoldenTable.virtualServers))
        let document = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
        let servers = try #require(document["virtualServers"] as? [[String: Any]])
        #expect(servers.count == GoldenTable.virtualServers.count)
        #expect(servers.map { $0["firewallMark"] as? UInt32 }.compactMap(\.self) == [1, .max, 1])
        #expect(servers.filter { $0["schedulerFlags"] as? [String] == ["flag-3"] }.count == 2)
    }

    @Test func `a document that is taken in pieces has the same bytes`() {
        let snapshot = IPVSSnapshot(info: GoldenTable.info, virtualServers: GoldenTable.virtualServers, connections: [])
        #expect(SnapshotJSON.text(of: snapshot, takesOften: true) == SnapshotJSON.text(of: snapshot))
    }

    @Test func `a netmask with holes has no prefix length and IPv6 no netmask`() throws {
        let servers = [
            server(.tcp, "10.0.0.1", 80, "rr", persistence: 1, mask: 0xff00_ff00),
            server(.tcp, "fd00::1", 80, "rr", persistence: 1, mask: 64),
        ]
        let json = text(SnapshotJSON.text(of: IPVSSnapshot(virtualServers: servers)))
        #expect(json.contains(#""netmask": "255.0.255.0",\#n        "prefixLength": null"#))
        #expect(json.contains(#""netmask": null,\#n        "prefixLength": 64"#))
    }
}

extension String {
    /// With spaces before each line but the first.
    fileprivate func indented(by width: Int) -> String {
        split(separator: "\n").joined(separator: "\n" + String(repeating: " ", count: width))
    }
}
