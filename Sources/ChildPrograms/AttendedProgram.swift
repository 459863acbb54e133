// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// A program that is started once and talked with over a stream socket, which is its standard input. It gets no argument and no
/// environment, shares the standard error, and starts in the network namespace of the calling thread.
///
/// The end of this value closes the socket, which the program has to take for its own end.
public final class AttendedProgram: Sendable {
    public typealias End = ChildProgram.Outcome.End

    /// Why nothing could be sent or received. The program is of no more use.
    public enum Failure: Error, Hashable, Sendable {
        /// It has closed the socket, most likely by its end.
        case closed
        /// It did not take or give a single byte within the time limit.
        case tookTooLong
        /// The kernel's number.
        case refused(Int32)
    }

    private let socket: Int32
    private let attendance = Attendance()

    /// - Parameters:
    ///   - path: is not looked for in `PATH`.
    ///   - timeLimit: for each step of a transfer, in which at least a byte has to move.
    /// - Throws: `Failure.refused`, with ENOENT where there is no such program.
    public init(_ path: String, timeLimit: Duration) throws(Failure) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw .refused(errno) }
        let theirs = ends[1]
        socket = ends[0]
        defer { close(theirs) }
        var limit = timeval(
            tv_sec: Int(timeLimit.components.seconds),
            tv_usec: Int(timeLimit.components.attoseconds / 1_000_000_000_000)
        )
        for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
            unsafe setsockopt(socket, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        let error = attendance.start(path, standardInput: theirs)
        guard error == 0 else { throw .refused(error) }
    }

    deinit {
        close(socket)
    }

    /// The process identifier, while the program runs.
    public var processIdentifier: Int32? { attendance.processIdentifier }

    /// How the program ended; `nil` while it runs, also after `limit`.
    public func end(within limit: Duration = .zero) -> End? { attendance.end(within: limit) }

    /// Ends the program by SIGKILL, if it still runs.
    public func kill() { attendance.kill() }

    /// Whether the program has closed the socket.
    public var isClosed: Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(socket, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
    }

    // MARK: Talking

    /// Sends one after the other.
    public func send(_ head: RawSpan, _ tail: RawSpan) throws(Failure) {
        let whole = head.byteCount + tail.byteCount
        var sent = 0
        while sent < whole {
            let fromHead = head.extracting(droppingFirst: min(sent, head.byteCount))
            let fromTail = tail.extracting(droppingFirst: max(0, sent - head.byteCount))
            sent += try transfer { Self.send(socket, fromHead, fromTail) }
        }
    }

    private static func send(_ socket: Int32, _ head: RawSpan, _ tail: RawSpan) -> Int {
        unsafe head.withUnsafeBytes { head in
            unsafe tail.withUnsafeBytes { tail in
                // sendmsg(2) does not write into them.
                var parts = unsafe [
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress), iov_len: head.count),
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: tail.baseAddress), iov_len: tail.count),
                ]
                return unsafe parts.withUnsafeMutableBufferPointer { parts in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = parts.baseAddress
                    unsafe message.msg_iovlen = parts.count
                    return unsafe sendmsg(socket, &message, Int32(MSG_NOSIGNAL))
                }
            }
        }
    }

    /// Fills `bytes`.
    public func receive(into bytes: inout MutableRawSpan) throws(Failure) {
        var received = 0
        while received < bytes.byteCount {
            received += try transfer {
                unsafe bytes.withUnsafeMutableBytes { bytes in
                    unsafe recv(socket, bytes.baseAddress?.advanced(by: received), bytes.count - received, 0)
                }
            }
        }
    }

    private func transfer(_ step: () -> Int) throws(Failure) -> Int {
        while true {
            let count = step()
            if count > 0 { return count }
            switch count == 0 ? EPIPE : errno {
            case EINTR: continue
            case EPIPE, ECONNRESET: throw .closed
            case EAGAIN: throw .tookTooLong
            case let number: throw .refused(number)
            }
        }
    }
}
