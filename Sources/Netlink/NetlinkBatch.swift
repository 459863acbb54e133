// SPDX-License-Identifier: GPL-2.0-or-later
import CLibNL

/// Requests that go to the kernel in one `send(2)`.
///
/// A batch is not a transaction: the kernel works through it in order and goes on past a request that it refuses. It
/// answers each refused request, and no accepted one, so a batch of any size costs one answer when all is well: the one
/// to the barrier at its end.
///
/// A batch keeps its storage when it is submitted, so one serves any number of exchanges.
public struct NetlinkBatch: ~Copyable {
    /// How many bytes of requests one `send(2)` carries, unless told otherwise.
    ///
    /// Fewer calls are faster where a call is dear: at 65 µs each, 110,000 requests take 140 ms in pieces of 64 KiB, and some 118 in
    /// these; still larger ones gain nothing. The kernel makes room for each in one piece or page by page
    /// (`netlink_alloc_large_skb`), and takes it also from who may not force the size of a socket's buffer: the default of
    /// `net.core.wmem_max` is 212,992, and counts twice.
    public static var defaultByteLimit: Int { 256 * 1024 }

    private let byteLimit: Int
    private let countLimit: Int
    private var storage: [UInt8] = []
    private var tags: [Int] = []

    /// - Parameters:
    ///   - countLimit: how many answers the socket's receive buffer holds, `NetlinkSocket.answerCapacity`.
    ///   - byteLimit: in bytes, and at least as much as the longest request.
    public init(countLimit: Int, byteLimit: Int = defaultByteLimit) {
        precondition(countLimit > 0, "a batch must have room for a request")
        self.countLimit = countLimit
        self.byteLimit = byteLimit
        storage.reserveCapacity(byteLimit + NetlinkMessage.headerLength)
        tags.reserveCapacity(Swift.min(countLimit, byteLimit / 64))
    }

    public var count: Int { tags.count }
    public var isEmpty: Bool { tags.isEmpty }

    /// Whether the request still fits. An empty batch takes any request.
    public func hasRoom(for request: borrowing NetlinkRequest) -> Bool {
        isEmpty || (tags.count < countLimit && storage.count + NetlinkMessage.aligned(request.count) <= byteLimit)
    }

    /// Adds a request. `tag` comes back with the kernel's answer if the kernel refuses it.
    public mutating func append(_ request: borrowing NetlinkRequest, tag: Int) {
        precondition(hasRoom(for: request), "a full batch must be submitted before the next request")
        request.withBytes { bytes in
            unsafe bytes.withUnsafeBytes { unsafe storage.append(contentsOf: $0) }
        }
        pad()
        tags.append(tag)
    }

    /// Forgets the requests and keeps the storage.
    public mutating func removeAll() {
        storage.removeAll(keepingCapacity: true)
        tags.removeAll(keepingCapacity: true)
    }

    /// Ends the batch with a message that the kernel answers when it has done all before it, and numbers all of them.
    ///
    /// The barrier is a message of its own, and not an `NLM_F_ACK` on the last request: `netlink_rcv_skb` leaves a
    /// request that ends with `EINTR` without any answer.
    ///
    /// - Returns: the barrier's sequence number.
    mutating func close(firstSequence: UInt32) -> UInt32 {
        let barrier = nlmsghdr(
            nlmsg_len: UInt32(NetlinkMessage.headerLength),
            nlmsg_type: UInt16(NLMSG_NOOP),
            nlmsg_flags: UInt16(NLM_F_REQUEST | NLM_F_ACK),
            nlmsg_seq: 0,
            nlmsg_pid: 0
        )
        unsafe withUnsafeBytes(of: barrier) { unsafe storage.append(contentsOf: $0) }

        var sequence = firstSequence
        unsafe storage.withUnsafeMutableBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let length = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                unsafe bytes.storeBytes(
                    of: sequence, toByteOffset: offset + NetlinkMessage.sequenceOffset, as: UInt32.self)
                offset += NetlinkMessage.aligned(Int(length))
                sequence &+= 1
            }
        }
        return sequence &- 1
    }

    /// The tag of the request that `close` numbered so.
    func tag(for sequence: UInt32, firstSequence: UInt32) -> Int? {
        let index = Int(sequence &- firstSequence)
        return index < tags.count ? tags[index] : nil
    }

    var bytes: [UInt8] { storage }

    private mutating func pad() {
        while storage.count % NetlinkMessage.alignment != 0 { storage.append(0) }
    }
}

/// A request of a batch that the kernel refused.
public struct RefusedRequest: Hashable, Sendable {
    public var tag: Int
    public var error: NetlinkError

    public init(tag: Int, error: NetlinkError) {
        self.tag = tag
        self.error = error
    }
}
