// SPDX-License-Identifier: GPL-2.0-or-later
import Netlink
import Testing

@Suite struct NetlinkRequestTests {
    private let family = GenericFamily(id: 0x1f, version: 1)

    private func bytes(of request: borrowing NetlinkRequest) -> [UInt8] {
        request.withBytes { bytes in
            (0..<bytes.byteCount).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
    }

    @Test func `a request has the layout of the kernel's headers`() throws {
        var request = try NetlinkRequest()
        try request.begin(family, command: 5, flags: [.create, .exclusive])
        try request.put(1, UInt8(7))
        try request.nest(2) { (nest) throws(NetlinkError) in
            try nest.put(3, UInt16(0x0102))
            try nest.put(4, "rr")
        }
        try request.put(5, UInt32(1), UInt32(2))
        #expect(
            bytes(of: request) == [
                60, 0, 0, 0, 0x1f, 0, 0x01, 0x06, 0, 0, 0, 0, 0, 0, 0, 0,  // nlmsghdr
                5, 1, 0, 0,  // genlmsghdr: command, version
                5, 0, 1, 0, 7, 0, 0, 0,
                20, 0, 2, 0x80,  // nested
                6, 0, 3, 0, 2, 1, 0, 0,
                7, 0, 4, 0, 0x72, 0x72, 0, 0,
                12, 0, 5, 0, 1, 0, 0, 0, 2, 0, 0, 0,
            ])
    }

    @Test func `a new request leaves nothing of the one before`() throws {
        var request = try NetlinkRequest()
        try request.begin(family, command: 5)
        let short = bytes(of: request)
        try request.put(1, "a long string that is written over")
        try request.begin(family, command: 5)
        #expect(bytes(of: request) == short)
    }

    @Test func `what does not fit is refused and the nest taken back`() throws {
        var request = try NetlinkRequest(capacity: 40)
        try request.begin(family, command: 5)
        let before = bytes(of: request)
        let error = #expect(throws: NetlinkError.self) {
            try request.nest(1) { (nest) throws(NetlinkError) in
                try nest.put(2, "twenty bytes of text")
            }
        }
        #expect(error?.operation == .build)
        #expect(error?.errno == .messageTooLong)
        #expect(bytes(of: request) == before)
    }
}

@Suite struct NetlinkBatchTests {
    private let family = GenericFamily(id: 0x1f, version: 1)

    @Test func `a batch is bounded in requests and in bytes, and serves again when it is emptied`() throws {
        var request = try NetlinkRequest()
        try request.begin(family, command: 5)
        try request.put(1, UInt32(9))  // 28 bytes
        for (countLimit, byteLimit, fitting) in [(3, 65_536, 3), (1000, 100, 3), (1000, 112, 4), (1000, 10, 1)] {
            var batch = NetlinkBatch(countLimit: countLimit, byteLimit: byteLimit)
            for _ in 0..<2 {
                var count = 0
                while batch.hasRoom(for: request) {
                    batch.append(request, tag: count)
                    count += 1
                }
                #expect(count == fitting)
                #expect([batch.count] == [fitting])
                batch.removeAll()
                #expect([batch.count] == [0])
            }
        }
    }
}
