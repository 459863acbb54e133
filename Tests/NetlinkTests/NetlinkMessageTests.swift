// SPDX-License-Identifier: GPL-2.0-or-later
import Netlink
import Testing

/// Answers as the kernel sent them, with `NETLINK_EXT_ACK` and `NETLINK_CAP_ACK` on (Linux 6.18).
private enum Captured {
    /// To an `RTM_NEWADDR` for a link that is not there, sequence 7.
    static let refusal: [UInt8] =
        [
            0x40, 0, 0, 0, 2, 0, 0, 0x03, 7, 0, 0, 0, 0x39, 0x30, 0, 0,  // NLMSG_ERROR, capped, with attributes
            0xED, 0xFF, 0xFF, 0xFF,  // -19, ENODEV
            0x28, 0, 0, 0, 0x14, 0, 0x01, 0x06, 7, 0, 0, 0, 0, 0, 0, 0,  // the request's header
            0x1B, 0, 1, 0,  // NLMSGERR_ATTR_MSG
        ] + Array("ipv4: Device not found\0".utf8) + [0]

    /// To the barrier behind it, sequence 8.
    static let acknowledgement: [UInt8] = [
        0x24, 0, 0, 0, 2, 0, 0, 0x01, 8, 0, 0, 0, 0x39, 0x30, 0, 0,  // NLMSG_ERROR, capped
        0, 0, 0, 0,
        0x10, 0, 0, 0, 1, 0, 0x05, 0, 8, 0, 0, 0, 0, 0, 0, 0,
    ]
}

/// Everything that can be read of a datagram, in one go.
private func readAll(_ bytes: [UInt8]) throws(NetlinkError) -> [NetlinkAcknowledgement] {
    let datagram = unsafe bytes.span.bytes
    var answers: [NetlinkAcknowledgement] = []
    var messages = NetlinkMessages()
    while let message = try messages.next(in: datagram) {
        if let answer = try NetlinkAcknowledgement(message, in: datagram) { answers.append(answer) }
    }
    return answers
}

@Suite struct NetlinkAcknowledgementTests {
    @Test func `a refusal carries the kernel's number and words`() throws {
        let answer = try #require(try readAll(Captured.refusal).first)
        #expect(answer.sequence == 7)
        #expect(answer.failure?.errno == .noDevice)
        #expect(answer.failure?.explanation == "ipv4: Device not found")
        #expect(answer.failure?.description == "No such device: ipv4: Device not found")
    }

    @Test func `one datagram may hold several answers`() throws {
        let answers = try readAll(Captured.refusal + Captured.acknowledgement)
        #expect(answers.map(\.sequence) == [7, 8])
        #expect(answers.map { $0.failure == nil } == [false, true])
    }

    @Test(arguments: 1..<Captured.refusal.count)
    func `a datagram cut short is an error, not read past its end`(length: Int) {
        let error = #expect(throws: NetlinkError.self) { try readAll(Array(Captured.refusal.prefix(length))) }
        #expect(error?.errno == .badMessage)
    }

    /// The length fields then agree with the datagram, and the cut is found by what is inside.
    @Test(arguments: 16..<Captured.refusal.count)
    func `a message that says it is short is read as far as it goes`(length: Int) {
        var bytes = Array(Captured.refusal.prefix(length))
        bytes[0] = UInt8(length)
        let result = Result { () throws(NetlinkError) in try readAll(bytes) }
        switch length {
        case ..<36: #expect(throws: NetlinkError.self) { try result.get() }  // the number, the echoed header
        case 36: #expect((try? result.get().first?.failure) == NetlinkError(.request, .noDevice))
        case ..<63: #expect(throws: NetlinkError.self) { try result.get() }  // inside the words
        default: #expect((try? result.get().first?.failure?.explanation) == "ipv4: Device not found")
        }
    }

    @Test func `a request echoed whole is passed over on the way to the words`() throws {
        // The flag "capped" taken away; the echoed request says 20 bytes, and has them.
        var bytes = Captured.refusal
        bytes[7] = 0x02
        bytes[20] = 20
        bytes.insert(contentsOf: [1, 2, 3, 4], at: 36)
        bytes[0] += 4
        #expect(try readAll(bytes).first?.failure?.explanation == "ipv4: Device not found")
    }

    @Test(arguments: [0, 15, 255]) func `a length that cannot be is an error`(length: UInt8) {
        var bytes = Captured.acknowledgement
        bytes[0] = length
        #expect(throws: NetlinkError.self) { try readAll(bytes) }
    }
}

@Suite struct NetlinkAttributeTests {
    /// A generic message with a number, a nest that holds a string and one unknown attribute, and a long number.
    private let message: [UInt8] = [
        0x40, 0, 0, 0, 0x1f, 0, 2, 0, 9, 0, 0, 0, 0, 0, 0, 0,
        1, 1, 0, 0,
        6, 0, 1, 0, 0x34, 0x12, 0, 0,
        24, 0, 2, 0x80,
        8, 0, 3, 0, 0x77, 0x6c, 0x63, 0,
        9, 0, 99, 0, 1, 2, 3, 4, 5, 0, 0, 0,
        12, 0, 4, 0, 8, 7, 6, 5, 4, 3, 2, 1,
    ]

    private struct Contents: Equatable {
        var number: UInt16?
        var name: String?
        var long: UInt64?
    }

    private func read(_ bytes: [UInt8]) throws(NetlinkError) -> Contents {
        let datagram = unsafe bytes.span.bytes
        var contents = Contents()
        var messages = NetlinkMessages()
        while let message = try messages.next(in: datagram) {
            var attributes = try message.genericAttributes()
            while let attribute = try attributes.next(in: datagram) {
                switch attribute.type {
                case 1: contents.number = try datagram.integer(attribute)
                case 2:
                    var inner = attribute.nested
                    while let attribute = try inner.next(in: datagram) {
                        if attribute.type == 3 { contents.name = datagram.string(attribute) }
                    }
                case 4: contents.long = try datagram.integer(attribute)
                default: continue
                }
            }
        }
        return contents
    }

    @Test func `attributes are read by type, unknown ones passed over`() throws {
        #expect(try read(message) == Contents(number: 0x1234, name: "wlc", long: 0x0102_0304_0506_0708))
    }

    @Test(arguments: 1..<64) func `a message cut short is an error`(length: Int) {
        #expect(throws: NetlinkError.self) { try read(Array(message.prefix(length))) }
    }

    @Test(arguments: 16...64) func `a message that says it is short ends between attributes or is an error`(length: Int)
    {
        var bytes = Array(message.prefix(length))
        bytes[0] = UInt8(length)
        let whole: [Int: Contents] = [
            20: Contents(), 26: Contents(number: 0x1234), 27: Contents(number: 0x1234),
            28: Contents(number: 0x1234), 52: Contents(number: 0x1234, name: "wlc"),
            64: Contents(number: 0x1234, name: "wlc", long: 0x0102_0304_0506_0708),
        ]
        #expect((try? read(bytes)) == whole[length])
    }

    @Test func `a number of fewer bytes than asked for is an error`() {
        var bytes = message
        bytes[20] = 5  // one byte of payload
        #expect(throws: NetlinkError.self) { try read(bytes) }
    }

    @Test(arguments: [0, 3, 200]) func `an attribute whose length cannot be is an error`(length: UInt8) {
        var bytes = message
        bytes[20] = length
        #expect(throws: NetlinkError.self) { try read(bytes) }
    }

    @Test func `seeded noise never reads past the end`() {
        var state: UInt64 = 42
        for _ in 0..<20_000 {
            var bytes = message
            for _ in 0..<4 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 56)
            }
            // Either outcome will do: what must not happen is a trap.
            _ = try? read(bytes)
        }
    }
}
