// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
import DataplaneKernel
import DataplaneModel
import Netlink
import Reconcile
import SystemTesting
import Testing

extension KernelSuite {
    @Suite(.serialized)
    struct ConntrackScaleTests {
        /// Makes tracked flows of UDP to 10.96.0.1 to 10.96.0.100, each from a client of its own.
        private func insert(_ count: Int) throws {
            var socket = try NetlinkSocket.open(.netfilter)
            var request = try NetlinkRequest()
            var batch = NetlinkBatch(countLimit: socket.answerCapacity)
            for number in 0..<count {
                let client = 0x0a09_0000 + UInt32(number)
                let server = 0x0a60_0001 + UInt32(number % 100)
                let header = nfgenmsg(nfgen_family: 2, version: 0, res_id: 0)
                try request.begin(
                    type: Int(NFNL_SUBSYS_CTNETLINK) << 8 | Int(IPCTNL_MSG_CT_NEW.rawValue), header: header,
                    flags: [.create, .exclusive])
                for (attribute, source, destination) in [
                    (CTA_TUPLE_ORIG, client, server), (CTA_TUPLE_REPLY, 0x0af4_0000 + UInt32(number % 10), client),
                ] {
                    try request.nest(Int(attribute.rawValue)) { (tuple) throws(NetlinkError) in
                        try tuple.nest(Int(CTA_TUPLE_IP.rawValue)) { (addresses) throws(NetlinkError) in
                            try addresses.put(Int(CTA_IP_V4_SRC.rawValue), source.bigEndian)
                            try addresses.put(Int(CTA_IP_V4_DST.rawValue), destination.bigEndian)
                        }
                        try tuple.nest(Int(CTA_TUPLE_PROTO.rawValue)) { (ports) throws(NetlinkError) in
                            try ports.put(Int(CTA_PROTO_NUM.rawValue), UInt8(17))
                            try ports.put(Int(CTA_PROTO_SRC_PORT.rawValue), UInt16(53).bigEndian)
                            try ports.put(Int(CTA_PROTO_DST_PORT.rawValue), UInt16(53).bigEndian)
                        }
                    }
                }
                try request.put(Int(CTA_TIMEOUT.rawValue), UInt32(600).bigEndian)
                if !batch.hasRoom(for: request) { #expect(try socket.submit(&batch) == []) }
                batch.append(request, tag: number)
            }
            #expect(try socket.submit(&batch) == [])
        }

        /// What a search costs, with many flows that are all right and with few among them that are not.
        @Test func `a hundred thousand flows are read within a second, and those of one server in less`() async throws {
            try KernelSysctls().write("262144", to: "net/netfilter/nf_conntrack_max")
            try await command("conntrack", "-F")
            let count = 100_000
            try insert(count)
            let conntrack = try KernelConntrack()

            let all = try conntrack.deleteFlows(matching: ConntrackFilter(.v4, .udp)) { _ in false }
            let server = VirtualServer.ID(address: IPAddress(v4: 0x0a60_0007), port: 53, transport: .udp)
            let one = try conntrack.deleteFlows(matching: ConntrackFilter(server: server)) { _ in false }
            let tenth = try conntrack.deleteFlows(matching: ConntrackFilter(.v4, .udp)) {
                $0.endpoint.address == IPAddress(v4: 0x0af4_0003)
            }
            print("flows of UDP: \(all); of one server: \(one); a tenth deleted: \(tenth)")
            #expect(all.examined == count)
            #expect(one.examined == count / 100)
            #expect(tenth.deleted == count / 10)
            #expect(try conntrack.flows(matching: ConntrackFilter(.v4, .udp)).count == count - count / 10)
            #expect(all.duration < .seconds(1))
            #expect(one.duration < all.duration / 2)

            // The same in parts, between which others are read.
            let clock = ContinuousClock()
            var parts: [Duration] = []
            var reading = KernelReading(of: FilteredFlows(matching: ConntrackFilter(.v4, .udp)))
            var progress = ReadingProgress.more
            while progress == .more {
                let start = clock.now
                progress = try conntrack.deleteNextFlows(&reading) {
                    $0.endpoint.address == IPAddress(v4: 0x0af4_0004)
                }
                parts.append(clock.now - start)
                if parts.count % 100 == 0 {
                    #expect(try conntrack.flows(matching: ConntrackFilter(server: server)).count > count / 200)
                }
            }
            #expect(progress == .complete)
            let walk = reading.subject.sweep
            let longest = try #require(parts.max())
            print("in \(parts.count) parts: \(walk); the longest took \(longest)")
            #expect(parts.count > 100)
            #expect(walk.deleted == count / 10)
            #expect(try conntrack.flows(matching: ConntrackFilter(.v4, .udp)).count == count - count / 5)
            #expect(longest < all.duration / 3)
            try await command("conntrack", "-F")
        }
    }
}
