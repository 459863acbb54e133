// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneKernel
import DataplaneModel
import SystemTesting
import Testing

extension KernelSuite {
    @Suite(.serialized)
    struct IPVSSettingsTests {
        private let ipvs: KernelIPVS

        init() throws {
            ipvs = try KernelIPVS()
        }

        @Test func `version and size are those that ipvsadm prints`() async throws {
            let info = try ipvs.info()
            let version = "\(info.version.major).\(info.version.minor).\(info.version.patch)"
            let listing = try await command("ipvsadm", "-L", "-n")
            #expect(listing.hasPrefix("IP Virtual Server version \(version) (size=\(info.connectionTableSize))\n"))
        }

        @Test func `timeouts are read and set, and zero keeps them`() async throws {
            try await command("ipvsadm", "--set", "901", "121", "301")
            #expect(try ipvs.timeouts() == IPVSTimeouts(tcp: 901, tcpFin: 121, udp: 301))

            try ipvs.setTimeouts(IPVSTimeouts(tcp: 800, tcpFin: 0, udp: 200))
            #expect(
                try await command("ipvsadm", "-L", "--timeout") == "Timeout (tcp tcpfin udp): 800 121 200\n")
            #expect(try ipvs.timeouts() == IPVSTimeouts(tcp: 800, tcpFin: 121, udp: 200))
        }

        @Test func `sync daemons are read`() async throws {
            #expect(try ipvs.syncDaemons() == [])
            try await command(
                "ipvsadm", "--start-daemon", "master", "--mcast-interface", "lo", "--syncid", "7", "--mcast-group",
                "224.0.0.99", "--mcast-port", "9000", "--mcast-ttl", "3", "--sync-maxlen", "1000")
            let daemons = try ipvs.syncDaemons()
            try await command("ipvsadm", "--stop-daemon", "master")
            #expect(
                daemons == [
                    SyncDaemon(
                        role: .master, multicastInterface: "lo", syncID: 7, maximumLength: 1000,
                        multicastGroup: "224.0.0.99", multicastPort: 9000, multicastTTL: 3)
                ])
        }
    }
}
