// SPDX-License-Identifier: GPL-2.0-or-later
import CLibNL
import Glibc

/// A netlink socket for requests and their answers, with exactly one owner.
///
/// libnl sockets have no lock. Noncopyable storage gives this one a single owner, and every exchange is `mutating`, so
/// two tasks cannot be inside it at once. The kernel does its work inside `send(2)` and `recv(2)`, on the calling
/// thread: call from a thread that may block.
///
/// Any exchange can end with an error of the exchange itself (`NetlinkError.Operation.receive` above all, with `ENOBUFS`
/// when the kernel dropped an answer). What took effect is then unknown, and the kernel's state must be read again.
public struct NetlinkSocket: ~Copyable {
    /// How often a dump is read before the kernel's state counts as impossible to read.
    public static var dumpAttempts: Int { 16 }

    private var handle: NetlinkHandle
    private var nextSequence: UInt32 = 1
    /// Of the last request.
    private var sequence: UInt32 = 0
    /// Whether answers, or the rest of a dump, may still be on their way from an exchange that broke.
    private var isUnfinished = false

    /// How many refusals fit into the receive buffer: the bound for a batch.
    public let answerCapacity: Int

    /// What an unread answer takes of the receive buffer, at most. Without words of the kernel it is 832 bytes
    /// (Linux 6.18), and the next larger allocation with the longest ones.
    private static let answerFootprint = 2048

    private init(handle: consuming NetlinkHandle, answerCapacity: Int) {
        self.handle = handle
        self.answerCapacity = answerCapacity
    }

    /// Opens a socket in the network namespace of the calling thread.
    ///
    /// - Parameters:
    ///   - receiveBuffer: size asked for the kernel's queue of unread answers, in bytes.
    ///   - timeout: how long an answer may take. A lost answer then shows as `EAGAIN`, and not as a process that hangs.
    public static func open(
        _ netlinkProtocol: NetlinkProtocol,
        receiveBuffer: Int = 4 << 20,
        timeout: Duration = .seconds(30)
    ) throws(NetlinkError) -> NetlinkSocket {
        let handle = try NetlinkHandle.open(netlinkProtocol)
        try handle.setBuffer(force: SO_RCVBUFFORCE, plain: SO_RCVBUF, to: receiveBuffer)
        // For a full batch: one that is longer is refused with EMSGSIZE.
        try handle.setBuffer(force: SO_SNDBUFFORCE, plain: SO_SNDBUF, to: 4 * NetlinkBatch.defaultByteLimit)
        let (seconds, attoseconds) = timeout.components
        let interval = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        try handle.setOption(SOL_SOCKET, SO_RCVTIMEO, to: interval)
        if netlinkProtocol == .route {
            handle.enableStrictChecks()
        }
        let size = try handle.option(SOL_SOCKET, SO_RCVBUF)
        return NetlinkSocket(handle: handle, answerCapacity: Swift.max(1, Int(size) / answerFootprint))
    }

    /// Sends the batch, waits for the kernel to finish it, and empties it, also when that fails.
    ///
    /// - Returns: the refused requests, in the order sent. Every other request took effect.
    public mutating func submit(_ batch: inout NetlinkBatch) throws(NetlinkError) -> [RefusedRequest] {
        defer { batch.removeAll() }
        guard !batch.isEmpty else { return [] }
        try finishEarlierExchange()

        let firstSequence = takeSequences(batch.count + 1)
        let barrier = batch.close(firstSequence: firstSequence)
        isUnfinished = true
        try handle.send(unsafe batch.bytes.span.bytes)

        var refused: [RefusedRequest] = []
        var isDone = false
        while !isDone {
            try handle.receive { (datagram) throws(NetlinkError) in
                var messages = NetlinkMessages()
                while let message = try messages.next(in: datagram) {
                    guard let answer = try NetlinkAcknowledgement(message, in: datagram) else { continue }
                    if answer.sequence == barrier {
                        isDone = true
                    } else if let error = answer.failure,
                        let tag = batch.tag(for: answer.sequence, firstSequence: firstSequence)
                    {
                        refused.append(RefusedRequest(tag: tag, error: error))
                    }
                }
            }
        }
        isUnfinished = false
        return refused
    }

    /// Sends a transaction, whose first and last request say where it begins and ends, and empties it, also when that fails. The
    /// kernel answers only those of its requests that ask for it, and leaves aside what is behind its end.
    ///
    /// - Parameter tag: of the request that asks for an answer; it is taken for that of the whole.
    /// - Throws: also when the kernel refuses any of it: then nothing has taken effect.
    public mutating func submit(
        transaction batch: inout NetlinkBatch,
        acknowledging tag: Int
    ) throws(NetlinkError) {
        defer { batch.removeAll() }
        try finishEarlierExchange()
        let firstSequence = takeSequences(batch.count + 1)
        _ = batch.close(firstSequence: firstSequence)
        isUnfinished = true
        try handle.send(unsafe batch.bytes.span.bytes)
        var isDone = false
        while !isDone {
            try handle.receive { (datagram) throws(NetlinkError) in
                var messages = NetlinkMessages()
                while let message = try messages.next(in: datagram) {
                    guard let answer = try NetlinkAcknowledgement(message, in: datagram),
                        let answered = batch.tag(for: answer.sequence, firstSequence: firstSequence)
                    else { continue }
                    if let failure = answer.failure { throw failure }
                    isDone = isDone || answered == tag
                }
            }
        }
        isUnfinished = false
    }

    /// Sends one request and waits for its acknowledgement, handing over what the kernel answers before it.
    ///
    /// - Throws: also when the kernel refuses the request.
    public mutating func exchange(
        _ request: inout NetlinkRequest,
        _ body: (NetlinkMessage, RawSpan) throws(NetlinkError) -> Void = { (_, _) throws(NetlinkError) in }
    ) throws(NetlinkError) {
        _ = try perform(&request, flags: NLM_F_ACK, body)
    }

    /// Reads a table of the kernel, message by message as the datagrams come.
    ///
    /// A dump that the kernel marks as interrupted (`NLM_F_DUMP_INTR`: the table changed meanwhile) is read again from
    /// the start, into a new copy of `initial`.
    ///
    /// - Parameter body: takes each message with the datagram that it lies in, whose bytes live for the call.
    /// - Throws: also when the kernel refuses the request, and `EINTR` when every attempt was interrupted.
    public mutating func dump<Output>(
        _ request: inout NetlinkRequest,
        into initial: Output,
        _ body: (inout Output, NetlinkMessage, RawSpan) throws(NetlinkError) -> Void
    ) throws(NetlinkError) -> Output {
        for _ in 0..<Self.dumpAttempts {
            var output = initial
            let isConsistent = try perform(&request, flags: NLM_F_DUMP) { (message, datagram) throws(NetlinkError) in
                try body(&output, message, datagram)
            }
            if isConsistent { return output }
        }
        throw NetlinkError(
            .receive, .interrupted, explanation: "the table changed during each of \(Self.dumpAttempts) dumps")
    }

    /// Begins to read a table of the kernel, which `continueDump` then hands over piece by piece. Any other exchange in
    /// between ends that.
    public mutating func beginDump(_ request: inout NetlinkRequest) throws(NetlinkError) {
        try send(&request, flags: NLM_F_DUMP)
    }

    /// Waits for the next datagram of a dump that was begun. The kernel makes it when it is asked for, and goes on from where
    /// it was: what has changed meanwhile may be missing, or come twice. Of most tables it does not say so.
    ///
    /// - Parameters:
    ///   - togetherWithNext: whether to take up to three more that the kernel has right behind it. Dumps of one datagram then
    ///     end in one call: the kernel says with another one that it was the last.
    ///   - body: takes each message with the datagram that it lies in, whose bytes live for the call.
    /// - Returns: whether there is more.
    /// - Throws: also when the kernel refuses the request, and `EINTR` when it says that the table has changed.
    public mutating func continueDump(
        togetherWithNext: Bool = false,
        _ body: (NetlinkMessage, RawSpan) throws(NetlinkError) -> Void
    ) throws(NetlinkError) -> Bool {
        var isConsistent = true
        let isEnd = try receiveEnd(togetherWithNext: togetherWithNext, &isConsistent, body)
        guard isConsistent else {
            throw NetlinkError(.receive, .interrupted, explanation: "the table changed while it was read")
        }
        return !isEnd
    }

    /// - Returns: whether the answer is of one piece, the table unchanged while it was read.
    private mutating func perform(
        _ request: inout NetlinkRequest,
        flags: Int32,
        _ body: (NetlinkMessage, RawSpan) throws(NetlinkError) -> Void
    ) throws(NetlinkError) -> Bool {
        try send(&request, flags: flags)
        var isConsistent = true
        while try !receiveEnd(togetherWithNext: flags & NLM_F_DUMP == NLM_F_DUMP, &isConsistent, body) {}
        return isConsistent
    }

    private mutating func send(_ request: inout NetlinkRequest, flags: Int32) throws(NetlinkError) {
        try finishEarlierExchange()
        sequence = takeSequences(1)
        request.stamp(sequence: sequence, flags: flags)
        isUnfinished = true
        try request.withBytes { (bytes) throws(NetlinkError) in try handle.send(bytes) }
    }

    /// Receives a datagram of the answer to the last request, or all that are there.
    ///
    /// - Returns: whether the answer ends with it.
    private mutating func receiveEnd(
        togetherWithNext: Bool,
        _ isConsistent: inout Bool,
        _ body: (NetlinkMessage, RawSpan) throws(NetlinkError) -> Void
    ) throws(NetlinkError) -> Bool {
        let sequence = sequence
        var end: Ending?
        func read(_ datagram: RawSpan) throws(NetlinkError) {
            var messages = NetlinkMessages()
            while let message = try messages.next(in: datagram) {
                // Another sequence is the tail of an exchange that an error cut short.
                guard message.sequence == sequence else { continue }
                if Int32(message.flags) & NLM_F_DUMP_INTR != 0 { isConsistent = false }
                end = try Ending(message, in: datagram)
                if end == nil { try body(message, datagram) }
            }
        }
        if togetherWithNext {
            try handle.receiveDump(read)
        } else {
            try handle.receive(read)
        }
        guard let end else { return false }
        isUnfinished = false
        if let failure = end.failure {
            throw failure
        }
        return true
    }

    private mutating func finishEarlierExchange() throws(NetlinkError) {
        guard isUnfinished else { return }
        try handle.drain()
        isUnfinished = false
    }

    private mutating func takeSequences(_ count: Int) -> UInt32 {
        defer { nextSequence &+= UInt32(truncatingIfNeeded: count) }
        return nextSequence
    }
}

/// The message that ends the answer to one request.
private struct Ending {
    var failure: NetlinkError?

    /// `nil` for a message that is not the last one.
    init?(_ message: NetlinkMessage, in datagram: RawSpan) throws(NetlinkError) {
        switch Int32(message.type) {
        case NLMSG_ERROR:
            failure = try NetlinkAcknowledgement(message, in: datagram)?.failure
        case NLMSG_DONE:
            failure = try NetlinkAcknowledgement.failure(ofDone: message, in: datagram)
        case NLMSG_OVERRUN:
            throw NetlinkError(.receive, .noBufferSpace)
        default:
            return nil
        }
    }
}
