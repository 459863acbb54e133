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
}

/// A request being written.
///
/// It owns one `nl_msg` and writes each request over the last one, so that building a request allocates nothing.
@safe
public struct NetlinkRequest: ~Copyable {
    private let message: OpaquePointer
    private let header: UnsafeMutablePointer<nlmsghdr>

    /// - Parameter capacity: room for the longest request, in bytes. What does not fit throws `EMSGSIZE`.
    public init(capacity: Int = 4096) throws(NetlinkError) {
        guard let message = unsafe nlmsg_alloc_size(capacity), let header = unsafe nlmsg_hdr(message) else {
            throw NetlinkError(.build, .outOfMemory)
        }
        unsafe self.message = message
        unsafe self.header = header
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
        rewind()
        // Whoever sends it stamps the sequence; the kernel takes port 0 for the sender's.
        let start = unsafe genlmsg_put(
            message, 0, 0, Int32(family.id), 0, NLM_F_REQUEST | flags.rawValue, UInt8(truncatingIfNeeded: command),
            family.version)
        guard unsafe start != nil else {
            throw NetlinkError(.build, .messageTooLong)
        }
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
        try Self.check(status)
    }

    /// libnl writes at the end of what the header says is there.
    private mutating func rewind() {
        unsafe header.pointee.nlmsg_len = UInt32(NetlinkMessage.headerLength)
    }

    /// Writes a nested attribute. When `body` throws, the nest is taken back.
    public mutating func nest(
        _ attribute: Int,
        _ body: (inout NetlinkRequest) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        guard let start = unsafe nla_nest_start(message, Int32(attribute)) else {
            throw NetlinkError(.build, .messageTooLong)
        }
        do throws(NetlinkError) {
            try body(&self)
        } catch {
            unsafe nla_nest_cancel(message, start)
            throw error
        }
        unsafe nla_nest_end(message, start)
    }

    public mutating func put(_ attribute: Int, _ value: UInt8) throws(NetlinkError) {
        try Self.check(unsafe nla_put_u8(message, Int32(attribute), value))
    }

    public mutating func put(_ attribute: Int, _ value: UInt16) throws(NetlinkError) {
        try Self.check(unsafe nla_put_u16(message, Int32(attribute), value))
    }

    public mutating func put(_ attribute: Int, _ value: UInt32) throws(NetlinkError) {
        try Self.check(unsafe nla_put_u32(message, Int32(attribute), value))
    }

    /// Two numbers that follow each other without a gap.
    public mutating func put(_ attribute: Int, _ first: UInt32, _ second: UInt32) throws(NetlinkError) {
        try put(attribute, bytesOf: (first, second))
    }

    /// Sixteen bytes, given as two numbers that are already in the order of the wire.
    public mutating func put(_ attribute: Int, _ first: UInt64, _ second: UInt64) throws(NetlinkError) {
        try put(attribute, bytesOf: (first, second))
    }

    /// A string with its final zero.
    public mutating func put(_ attribute: Int, _ string: String) throws(NetlinkError) {
        try Self.check(unsafe nla_put_string(message, Int32(attribute), string))
    }

    private mutating func put(_ attribute: Int, bytesOf value: some BitwiseCopyable) throws(NetlinkError) {
        let status = unsafe withUnsafeBytes(of: value) { bytes in
            unsafe nla_put(message, Int32(attribute), Int32(bytes.count), bytes.baseAddress)
        }
        try Self.check(status)
    }

    /// Building fails only for want of room, whatever `NLE_*` code libnl gives it.
    private static func check(_ status: Int32) throws(NetlinkError) {
        guard status >= 0 else {
            throw NetlinkError(.build, .messageTooLong)
        }
    }

    /// Length of the finished request in bytes, without padding.
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
