// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import IPVSListing

/// The table of `Golden/table.rules` as the kernel held it when `Golden/record.sh` ran: in the order of `nosort.txt`, with
/// the counters of `stats-exact.txt` and `rate-exact.txt`.
enum GoldenTable {
    static let info = IPVSInfo(version: .init(major: 1, minor: 2, patch: 1), connectionTableSize: 256)
    static let timeouts = IPVSTimeouts(tcp: 901, tcpFin: 121, udp: 302)
    static let syncDaemons = [
        SyncDaemon(
            role: .master, multicastInterface: "dummy0", syncID: 7, maximumLength: 1472, multicastGroup: "224.0.1.99",
            multicastPort: 8848, multicastTTL: 3),
        SyncDaemon(
            role: .backup, multicastInterface: "dummy0", syncID: 8, maximumLength: 1472, multicastGroup: "224.0.0.81",
            multicastPort: 8848, multicastTTL: 1),
    ]

    /// The names of `record.sh` and, of `/etc/services`, those that the table needs.
    struct Names: NameResolver {
        func hostName(of address: IPAddress) -> String? {
            [
                "127.0.0.1": "localhost",
                "10.96.0.1": "kubernetes.default.svc.cluster.local",
                "10.96.0.10": "dns",
                "10.244.1.10": "a-pod-with-a-name-that-is-longer-than-the-column.default.pod.cluster.local",
                "fd00::a": "dual.example",
            ][address.description]
        }

        func serviceName(of port: UInt16, _ transport: TransportProtocol) -> String? {
            switch (port, transport) {
            case (1, .tcp): "tcpmux"
            case (53, .udp): "domain"
            case (80, .tcp): "http"
            case (443, .tcp), (443, .udp): "https"
            case (5060, .tcp), (5060, .udp): "sip"
            case (8080, .tcp): "http-alt"
            case (8081, .tcp): "tproxy"
            default: nil
            }
        }
    }

    static let virtualServers: [ObservedVirtualServer] = [
        server(.sctp, "10.96.0.11", 3868, "sh", flags: [.scheduler1, .scheduler2]) {
            real("10.244.1.10", 3868, .directRoute)
        },
        server(.tcp, "172.16.0.9", 8080, "lc", flags: [.scheduler1, .scheduler2]),
        server(.tcp, "10.96.0.1", 443, "rr") {
            real("10.244.2.3", 6443, weight: 65535, upper: 100_000, lower: 50000)
            real("192.168.100.200", 65535, weight: 0)
            real("10.244.1.10", 6443)
        },
        server(.tcp, "223.255.255.255", 443, "sed", flags: .scheduler3),
        server(.tcp, "10.96.0.14", 0, "lblcr", persistence: 300) {
            real("fd00:1::9", 0, .tunnel, weight: 6, tunnel: .init(kind: .ipip))
            real("10.9.0.5", 0, weight: 5)
            real("10.9.0.4", 0, .tunnel, weight: 4, tunnel: .init(kind: .gue, port: 6080))
            real("10.9.0.3", 0, .tunnel, weight: 3, tunnel: .init(kind: .gre, flags: 1))
            real("10.9.0.2", 0, .tunnel, weight: 2, tunnel: .init(kind: .gue, port: 65535, flags: 2))
            real("10.9.0.1", 0, .tunnel, upper: 10, lower: 5, tunnel: .init(kind: .ipip))
        },
        server(.tcp, "fd00:1234:5678:9abc:def0:1234:5678:9abc", 65535, "wlc"),
        server(.udp, "10.96.0.1", 443, "ovf"),
        server(.tcp, "10.96.0.21", 80, "rr", persistence: 600, traffic: heavy) {
            real("10.244.9.2", 8001, active: 1, persistent: 1, traffic: heavy)
        },
        server(mark: 1, .v6, "rr", persistence: 90, mask: 48) {
            real("fd00:1::2", 80, .directRoute)
        },
        server(.tcp, "10.96.0.20", 80, "rr", traffic: light) {
            real("10.244.9.1", 8000, inactive: 3, traffic: light)
        },
        server(mark: .max, .v4, "none"),
        server(.tcp, "10.96.0.12", 80, "mh", flags: [.scheduler1, .scheduler2], persistence: 300, mask: 0xffff_ff00) {
            real("10.244.3.1", 80, .directRoute, weight: 7)
        },
        server(.tcp, "1.2.3.4", 1, "wlc"),
        server(mark: 1, .v4, "rr") {
            real("10.244.1.10", 80, .directRoute)
        },
        server(.udp, "fd00::2", 5060, "wlc", persistence: 60, mask: 64, engine: "sip"),
        server(.tcp, "172.16.0.9", 8081, "sh", flags: .scheduler3),
        server(.udp, "10.96.0.13", 5060, "rr", persistence: 360, engine: "sip", traffic: sip) {
            real("10.244.9.1", 5060, inactive: 1, persistent: 1, traffic: sip)
        },
        server(.tcp, "fd00::20", 80, "rr", traffic: v6) {
            real("fd00:9::1", 8000, inactive: 1, traffic: v6)
        },
        server(.udp, "10.96.0.10", 53, "rr", flags: .onePacket) {
            real("10.244.1.10", 53)
        },
        server(.tcp, "192.168.0.1", 80, "wlc"),
        server(.tcp, "100.200.100.200", 65535, "wlc"),
        server(.tcp, "fd00::a", 443, "wrr", persistence: 10800) {
            real("fd00:1234:5678:9abc:def0:1234:5678:9abc", 65535, weight: 3)
            real("fd00:1::2", 6443)
        },
        server(.tcp, "::1:2", 80, "nq"),
    ]

    private static let light = traffic([3, 18, 12, 969, 666], [0, 1, 1, 68, 47])
    private static let heavy = traffic([1, 1103, 2195, 120_057_364, 114_148], [0, 90, 180, 9_825_466, 9340])
    private static let sip = traffic([1, 1, 0, 104, 0], [0, 0, 0, 10, 0])
    private static let v6 = traffic([1, 6, 4, 443, 302], [0, 0, 0, 31, 21])
}
