// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneKernel
import DataplaneModel
import SystemTesting
import Testing

extension KernelSuite {
    @Suite(.serialized)
    struct KernelConntrackTests {
        /// Makes a flow with the program `conntrack`.
        private func insert(
            _ client: String, _ port: Int, to server: String, answeredBy endpoint: String, transport: String = "udp",
            more: [String] = []
        ) async throws {
            let state = transport == "tcp" ? ["--state", "ESTABLISHED"] : []
            let words = [
                "conntrack", "-I", "-p", transport, "-s", client, "--sport", "\(port)", "-d", server, "--dport", "53",
                "--reply-src", endpoint, "--reply-dst", client, "--reply-port-src", "5353", "--reply-port-dst",
                "\(port)", "-t", "300",
            ]
            try await command(words + state + more)
        }

        private func listing(_ family: String = "ipv4") async throws -> [Substring] {
            try await command("conntrack", "-L", "-f", family).split(separator: "\n")
        }

        private func flush() async throws {
            try await command("conntrack", "-F")
        }

        @Test func `flows are those that conntrack made, in both families, without those of other protocols`()
            async throws
        {
            try await flush()
            try await insert("10.9.0.1", 1000, to: "10.96.0.10", answeredBy: "10.244.1.1")
            try await insert("10.9.0.1", 1001, to: "10.96.0.11", answeredBy: "10.244.1.2")
            try await insert("10.9.0.1", 1002, to: "10.96.0.10", answeredBy: "10.244.1.1", transport: "tcp")
            try await insert("fd00:9::1", 1003, to: "fd00:96::10", answeredBy: "fd00:244::1")

            let conntrack = try KernelConntrack()
            let four = try conntrack.flows(matching: ConntrackFilter(.v4, .udp)).sorted {
                $0.original.sourcePort < $1.original.sourcePort
            }
            #expect(
                four.map(\.description) == [
                    "UDP 10.9.0.1:1000 to 10.96.0.10:53, answered by 10.244.1.1:5353",
                    "UDP 10.9.0.1:1001 to 10.96.0.11:53, answered by 10.244.1.2:5353",
                ])
            #expect(four.allSatisfy { $0.reply.destination == IPAddress("10.9.0.1") && $0.id != nil && $0.zone == 0 })
            #expect(four.map(\.reply.destinationPort) == [1000, 1001])
            #expect(try conntrack.flows(matching: ConntrackFilter(.v4, .tcp)).map(\.original.sourcePort) == [1002])
            #expect(
                try conntrack.flows(matching: ConntrackFilter(.v6, .udp)).map(\.description) == [
                    "UDP [fd00:9::1]:1003 to [fd00:96::10]:53, answered by [fd00:244::1]:5353"
                ])
            try await flush()
        }

        @Test(arguments: ["10.96.0.10", "fd00:96::10"])
        func `a filter for one virtual server gives its flows alone`(server: String) async throws {
            try await flush()
            let isFour = server.contains(".")
            for number in 1...20 {
                try await insert(
                    isFour ? "10.9.0.1" : "fd00:9::1", 1000 + number,
                    to: number % 4 == 0 ? server : isFour ? "10.96.0.1" : "fd00:96::1",
                    answeredBy: isFour ? "10.244.1.1" : "fd00:244::1")
            }
            let address = try #require(IPAddress(server))
            let id = VirtualServer.ID(address: address, port: 53, transport: .udp)
            let flows = try KernelConntrack().flows(matching: ConntrackFilter(server: id))
            #expect(flows.map(\.original.sourcePort).sorted() == [1004, 1008, 1012, 1016, 1020])
            #expect(flows.allSatisfy { $0.server == id })
            try await flush()
        }

        @Test func `the stale ones are deleted and the others stay`() async throws {
            try await flush()
            for number in 0..<30 {
                try await insert(
                    "10.9.0.1", 1000 + number, to: "10.96.0.10", answeredBy: "10.244.1.\(number % 3)")
            }
            let gone = try #require(IPAddress("10.244.1.1"))
            let sweep = try KernelConntrack().deleteFlows(matching: ConntrackFilter(.v4, .udp)) {
                $0.endpoint.address == gone
            }
            #expect(sweep.examined == 30)
            #expect(sweep.deleted == 10)
            let left = try await listing()
            #expect(left.count == 20)
            #expect(!left.contains { $0.contains("src=10.244.1.1 ") })
            try await flush()
        }

        @Test func `a flow that has ended by itself is no failure`() async throws {
            try await flush()
            for port in 1000...1002 {
                try await insert("10.9.0.1", port, to: "10.96.0.10", answeredBy: "10.244.1.1")
            }
            let conntrack = try KernelConntrack()
            let flows = try conntrack.flows(matching: ConntrackFilter(.v4, .udp))
            #expect(flows.count == 3)
            try await command("conntrack", "-D", "-p", "udp", "--orig-port-src", "1001")
            try conntrack.delete(flows)
            #expect(try await listing().isEmpty)
        }

        @Test func `a flow in a zone is found and deleted there`() async throws {
            for option in KernelFeature.conntrackZoneOptions {
                try await flush()
                try await insert("10.9.0.1", 1000, to: "10.96.0.10", answeredBy: "10.244.1.1")
                try await insert(
                    "10.9.0.1", 1000, to: "10.96.0.10", answeredBy: "10.244.1.2", more: [option, "7"])
                let conntrack = try KernelConntrack()
                let flows = try conntrack.flows(matching: ConntrackFilter(.v4, .udp)) {
                    $0.zone == 7 || $0.originalZone == 7
                }
                #expect(flows.map(\.endpoint.address) == [IPAddress("10.244.1.2")])
                try conntrack.delete(flows)
                #expect(try await listing().map { $0.contains("src=10.244.1.1 ") } == [true])
                try await flush()
            }
        }
    }
}
