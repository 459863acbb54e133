// SPDX-License-Identifier: GPL-2.0-or-later
/// One message of a received datagram: its header, and where in the datagram its payload lies.
///
/// It holds no bytes. Who reads the payload has the datagram, as a `RawSpan` that ends with the next receive.
public struct NetlinkMessage: Hashable, Sendable {
    public var type: UInt16
    public var flags: UInt16
    public var sequence: UInt32
    public var payload: Range<Int>

    /// Whether it is the first message of its datagram.
    public var startsDatagram: Bool { payload.lowerBound == Self.headerLength }

    // Layout of `struct nlmsghdr` in <linux/netlink.h>, whose macros take arguments and so do not import.
    static let headerLength = 16
    static let sequenceOffset = 8
    static let alignment = 4

    static func aligned(_ length: Int) -> Int {
        (length + alignment - 1) & ~(alignment - 1)
    }

    /// The attributes behind the fixed header of the message's protocol.
    ///
    /// - Throws: when the payload is shorter than that header.
    public func attributes(after headerLength: Int) throws(NetlinkError) -> NetlinkAttributes {
        guard headerLength <= payload.count else {
            throw .malformed("message of type \(type) ends inside its header")
        }
        let start = payload.lowerBound + NetlinkMessage.aligned(headerLength)
        return NetlinkAttributes(Swift.min(start, payload.upperBound)..<payload.upperBound)
    }

    /// The attributes of a generic netlink message, behind its `struct genlmsghdr`.
    public func genericAttributes() throws(NetlinkError) -> NetlinkAttributes {
        try attributes(after: 4)
    }
}

/// Walks over the messages of one datagram.
///
///     var messages = NetlinkMessages()
///     while let message = try messages.next(in: datagram) { … }
public struct NetlinkMessages: Sendable {
    private var offset = 0

    public init() {}

    /// The next message, or `nil` after the last one.
    ///
    /// - Throws: when a length field runs past the datagram or is shorter than a header.
    public mutating func next(in datagram: RawSpan) throws(NetlinkError) -> NetlinkMessage? {
        guard offset < datagram.byteCount else { return nil }
        guard let length = datagram.integer(UInt32.self, at: offset).map(Int.init),
            let type = datagram.integer(UInt16.self, at: offset + 4),
            let flags = datagram.integer(UInt16.self, at: offset + 6),
            let sequence = datagram.integer(UInt32.self, at: offset + NetlinkMessage.sequenceOffset),
            length >= NetlinkMessage.headerLength, length <= datagram.byteCount - offset
        else {
            throw .malformed("message header at byte \(offset) of \(datagram.byteCount)")
        }
        let payload = offset + NetlinkMessage.headerLength..<offset + length
        offset += NetlinkMessage.aligned(length)
        return NetlinkMessage(type: type, flags: flags, sequence: sequence, payload: payload)
    }
}
