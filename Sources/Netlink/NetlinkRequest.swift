// SPDX-License-Identifier: GPL-2.0-or-later
import CLibNL

/// `NLM_F_*` that a request may carry besides `NLM_F_REQUEST`.
public struct NetlinkRequestFlags: OptionSet, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// Makes what does not exist.
    public static let create = Self(rawValue: NLM_F_CREATE)
    /// Refuses to touch what exists.
    public static let exclusive = Self(rawValue: NLM_F_EXCL)
    /// Changes what exists.
    public static let replace = Self(rawValue: NLM_F_REPLACE)
    /// Asks for an answer also when all is well. Only for a request of a transaction: others are asked for it when they are sent.
    public static let acknowledged = Self(rawValue: NLM_F_ACK)
}

/// A request being written.
///
/// It owns one `nl_msg` and writes each request over the last one, so that building a request allocates nothing. libnl
/// writes the headers of classic protocols. Generic headers and attributes are written here, into the same buffer:
/// libnl's `nla_put` goes through some ten exported functions for each, which makes half a microsecond of a request for
/// a real server, against a small part of that.
@safe
public struct NetlinkRequest: ~Copyable {
    private let message: OpaquePointer
    private let header: UnsafeMutablePointer<nlmsghdr>
    private let capacity: Int

    /// - Parameter capacity: room for the longest request, in bytes. What does not fit throws `EMSGSIZE`.
    public init(capacity: Int = 4096) throws(NetlinkError) {
        guard let message = unsafe nlmsg_alloc_size(capacity), let header = unsafe nlmsg_hdr(message) else {
            throw NetlinkError(.build, .outOfMemory)
        }
        unsafe self.message = message
        unsafe self.header = header
        self.capacity = capacity
    }

    deinit {
        unsafe nlmsg_free(message)
    }

    /// Starts a request of a generic netlink family.
    public mutating func begin(
        _ family: GenericFamily,
        command: Int,
        flags: NetlinkRequestFlags = []
    ) throws(NetlinkError) {
        let length = NetlinkMessage.headerLength + MemoryLayout<genlmsghdr>.size
        guard length <= capacity else {
            throw NetlinkError(.build, .messageTooLong)
        }
        // Whoever sends it stamps the sequence; the kernel takes port 0 for the sender's.
        unsafe header.pointee = nlmsghdr(
            nlmsg_len: UInt32(length),
            nlmsg_type: family.id,
            nlmsg_flags: UInt16(truncatingIfNeeded: NLM_F_REQUEST | flags.rawValue),
            nlmsg_seq: 0,
            nlmsg_pid: 0
        )
        let genericHeader = genlmsghdr(cmd: UInt8(truncatingIfNeeded: command), version: family.version, reserved: 0)
        unsafe UnsafeMutableRawPointer(header).storeBytes(
            of: genericHeader, toByteOffset: NetlinkMessage.headerLength, as: genlmsghdr.self)
    }

    /// Starts a request of a classic protocol, such as `NETLINK_ROUTE`, with its fixed header.
    public mutating func begin(
        type: Int,
        header: some BitwiseCopyable,
        flags: NetlinkRequestFlags = []
    ) throws(NetlinkError) {
        rewind()
        guard unsafe nlmsg_put(message, 0, 0, Int32(type), 0, NLM_F_REQUEST | flags.rawValue) != nil else {
            throw NetlinkError(.build, .messageTooLong)
        }
        let status = unsafe withUnsafeBytes(of: header) { bytes in
            unsafe nlmsg_append(
                message, UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, Int32(NLMSG_ALIGNTO))
        }
        // It fails only for want of room, whatever `NLE_*` code libnl gives it.
        guard status >= 0 else {
            throw NetlinkError(.build, .messageTooLong)
        }
    }

    /// libnl writes at the end of what the header says is there.
    private mutating func rewind() {
        setCount(NetlinkMessage.headerLength)
    }

    /// Writes a nested attribute. When `body` throws, the nest is taken back.
    public mutating func nest(
        _ attribute: Int,
        _ body: (inout NetlinkRequest) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        let start = count
        _ = unsafe try reserve(attribute | Int(NLA_F_NESTED), 0)
        do throws(NetlinkError) {
            try body(&self)
        } catch {
            setCount(start)
            throw error
        }
        let length = UInt16(truncatingIfNeeded: count - start)
        unsafe UnsafeMutableRawPointer(header).storeBytes(of: length, toByteOffset: start, as: UInt16.self)
    }

    public mutating func put(_ attribute: Int, _ value: UInt8) throws(NetlinkError) {
        unsafe try reserve(attribute, 1).storeBytes(of: value, as: UInt8.self)
    }

    public mutating func put(_ attribute: Int, _ value: UInt16) throws(NetlinkError) {
        unsafe try reserve(attribute, 2).storeBytes(of: value, as: UInt16.self)
    }

    public mutating func put(_ attribute: Int, _ value: UInt32) throws(NetlinkError) {
        unsafe try reserve(attribute, 4).storeBytes(of: value, as: UInt32.self)
    }

    /// Two numbers that follow each other without a gap.
    public mutating func put(_ attribute: Int, _ first: UInt32, _ second: UInt32) throws(NetlinkError) {
        let payload = unsafe try reserve(attribute, 8)
        unsafe payload.storeBytes(of: first, as: UInt32.self)
        unsafe payload.storeBytes(of: second, toByteOffset: 4, as: UInt32.self)
    }

    /// Sixteen bytes, given as two numbers that are already in the order of the wire.
    public mutating func put(_ attribute: Int, _ first: UInt64, _ second: UInt64) throws(NetlinkError) {
        let payload = unsafe try reserve(attribute, 16)
        unsafe payload.storeBytes(of: first, as: UInt64.self)
        unsafe payload.storeBytes(of: second, toByteOffset: 8, as: UInt64.self)
    }

    /// A structure of the kernel's, as it lies in memory.
    public mutating func put(_ attribute: Int, structure value: some BitwiseCopyable) throws(NetlinkError) {
        let payload = unsafe try reserve(attribute, MemoryLayout.size(ofValue: value))
        unsafe withUnsafeBytes(of: value) { bytes in
            unsafe UnsafeMutableRawBufferPointer(start: payload, count: bytes.count).copyMemory(from: bytes)
        }
    }

    /// A string with its final zero.
    public mutating func put(_ attribute: Int, _ string: String) throws(NetlinkError) {
        let text = string.utf8
        let payload = unsafe try reserve(attribute, text.count + 1)
        for (index, byte) in text.enumerated() {
            unsafe payload.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        }
    }

    /// Writes an attribute's header and makes room for its payload, the last word of it zero: the padding is, and the end
    /// of a string.
    @inline(__always)
    private mutating func reserve(_ attribute: Int, _ length: Int) throws(NetlinkError) -> UnsafeMutableRawPointer {
        let start = count
        let end = start + Self.attributeHeaderLength + NetlinkMessage.aligned(length)
        guard end <= capacity, length <= Int(UInt16.max) - Self.attributeHeaderLength else {
            throw NetlinkError(.build, .messageTooLong)
        }
        let bytes = unsafe UnsafeMutableRawPointer(header)
        unsafe bytes.storeBytes(of: 0, toByteOffset: end - NetlinkMessage.alignment, as: UInt32.self)
        unsafe bytes.storeBytes(
            of: UInt16(truncatingIfNeeded: Self.attributeHeaderLength + length), toByteOffset: start, as: UInt16.self)
        unsafe bytes.storeBytes(of: UInt16(truncatingIfNeeded: attribute), toByteOffset: start + 2, as: UInt16.self)
        setCount(end)
        return unsafe bytes + (start + Self.attributeHeaderLength)
    }

    /// `NLA_HDRLEN`, whose definition does not import.
    private static let attributeHeaderLength = 4

    private mutating func setCount(_ count: Int) {
        unsafe header.pointee.nlmsg_len = UInt32(truncatingIfNeeded: count)
    }

    /// Takes back all but the first bytes, so that the next attributes follow these: for requests that begin alike.
    ///
    /// - Parameter count: what `count` was between two attributes.
    public mutating func truncate(to count: Int) {
        precondition(count <= self.count, "a request cannot be cut to more than it has")
        setCount(count)
    }

    /// Length of the request in bytes, a multiple of four.
    public var count: Int {
        unsafe Int(header.pointee.nlmsg_len)
    }

    /// Hands over the finished request.
    public func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // `self` owns the message, so the bytes outlive the call.
        let bytes = unsafe UnsafeRawBufferPointer(start: header, count: count)
        return try body(unsafe bytes.bytes)
    }

    /// Gives the request its sequence number and the flags of the exchange it is for.
    mutating func stamp(sequence: UInt32, flags: Int32) {
        unsafe header.pointee.nlmsg_seq = sequence
        unsafe header.pointee.nlmsg_flags |= UInt16(truncatingIfNeeded: flags)
    }
}
