// SPDX-License-Identifier: GPL-2.0-or-later
import CLinuxUAPI
import Netlink
import SystemTesting
import Testing

extension KernelSuite {
    /// Exchanges that break, and the ones after them.
    @Suite(.serialized)
    struct NetlinkSocketTests {
        /// To remove a virtual server that is not there: refused with `ESRCH`.
        private func write(_ port: UInt16, to request: inout NetlinkRequest, _ family: GenericFamily) throws {
            try request.begin(family, command: IPVS_CMD_DEL_SERVICE)
            try request.nest(IPVS_CMD_ATTR_SERVICE) { (service) throws(NetlinkError) in
                try service.put(IPVS_SVC_ATTR_AF, UInt16(2))
                try service.put(IPVS_SVC_ATTR_PROTOCOL, UInt16(6))
                try service.put(IPVS_SVC_ATTR_ADDR, UInt32(0x0a))
                try service.put(IPVS_SVC_ATTR_PORT, port.bigEndian)
            }
        }

        @Test func `a receive buffer that overflows is an error, and the next exchange is right`() throws {
            let family = try GenericFamily.resolve("IPVS", version: 1)
            var socket = try NetlinkSocket.open(.generic, receiveBuffer: 16_384)
            var request = try NetlinkRequest()
            let capacity = socket.answerCapacity

            var tooLong = NetlinkBatch(countLimit: 1000)
            for port in 0..<1000 {
                try write(UInt16(port), to: &request, family)
                tooLong.append(request, tag: port)
            }
            do throws(NetlinkError) {
                _ = try socket.submit(&tooLong)
                Issue.record("a thousand refusals fitted into \(capacity) places")
            } catch {
                #expect(error.operation == .receive)
                #expect(error.errno == .noBufferSpace)
            }
            #expect([tooLong.count] == [0])

            for _ in 0..<3 {
                var batch = NetlinkBatch(countLimit: capacity)
                for port in 0..<capacity {
                    try write(UInt16(port), to: &request, family)
                    batch.append(request, tag: port)
                }
                let refused = try socket.submit(&batch)
                #expect(refused.map(\.tag) == Array(0..<capacity))
                #expect(Set(refused.map(\.error.errno)) == [.noProcess])
            }
        }

        @Test func `a dump that the reader breaks off does not disturb the next one`() async throws {
            try await command("ipvsadm", "-C")
            let rules = (1...2000).map { "-A -t 10.1.0.1:\($0) -s rr\n" }.joined()
            try await command(["ipvsadm", "-R"], input: rules)

            let family = try GenericFamily.resolve("IPVS", version: 1)
            var socket = try NetlinkSocket.open(.generic)
            var request = try NetlinkRequest()
            for _ in 0..<3 {
                try request.begin(family, command: IPVS_CMD_GET_SERVICE)
                let error = #expect(throws: NetlinkError.self) {
                    _ = try socket.dump(&request, into: 0) { (count, _, _) throws(NetlinkError) in
                        count += 1
                        if count == 10 { throw NetlinkError(.build, .invalidArgument) }
                    }
                }
                // Its own error, and not the kernel's `EBUSY` for a dump while another goes on.
                #expect(error == NetlinkError(.build, .invalidArgument))
            }
            try request.begin(family, command: IPVS_CMD_GET_INFO)
            var answers = 0
            try socket.exchange(&request) { (_, _) throws(NetlinkError) in answers += 1 }
            #expect(answers == 1)
            try await command("ipvsadm", "-C")
        }

        @Test func `a family that no module has is not found`() {
            let error = #expect(throws: NetlinkError.self) {
                _ = try GenericFamily.resolve("no-such-family", version: 1)
            }
            #expect(error?.operation == .resolveFamily)
            #expect(error?.errno == .noEntry)
        }

        @Test func `a family number that no module has is refused`() throws {
            var socket = try NetlinkSocket.open(.generic)
            var request = try NetlinkRequest()
            try request.begin(GenericFamily(id: 0x3ff, version: 1), command: 1)
            do throws(NetlinkError) {
                try socket.exchange(&request)
                Issue.record("the kernel took it")
            } catch {
                #expect(error.operation == .request)
                #expect(error.errno == .noEntry)
            }
        }
    }
}
