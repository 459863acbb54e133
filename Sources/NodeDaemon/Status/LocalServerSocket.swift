// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// A listening socket in the abstract namespace (unix(7)): it needs no folder that can be written to, is of one network namespace,
/// and goes with the process. Closed with its last reference.
final class LocalServerSocket: Sendable {
    private let descriptor: Int32

    /// Connections that wait for those before them.
    private static var backlog: Int32 { 16 }

    init(_ name: String) throws(ProbeError) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ProbeError(number: errno) }
        let (address, length) = sockaddr_un.abstract(name)
        let result = unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(length))
            }
        }
        guard result == 0, listen(descriptor, Self.backlog) == 0 else { throw ProbeError(number: errno) }
    }

    deinit {
        close(descriptor)
    }

    /// Ends `next`, which then says `nil`.
    func shutDown() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Waits for a connection.
    func next() -> LocalServerConnection? {
        while true {
            let connection = accept(descriptor, nil, nil)
            if connection >= 0 { return LocalServerConnection(connection) }
            switch errno {
            case EINTR, ECONNABORTED: break
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                // The connection waits meanwhile; without a pause this would be tried again at once, and for ever.
                usleep(100_000)
            default: return nil
            }
        }
    }
}

/// A connection that somebody has made to a `LocalServerSocket`. Its calls block, and not for longer than until an end.
final class LocalServerConnection: Sendable {
    typealias Instant = ContinuousClock.Instant

    private let descriptor: Int32

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        // A program that is started at this moment may have got the descriptor too: closing alone would then end nothing.
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    /// The user who connected, as the kernel has it; `nil` when it does not say.
    var user: uid_t? { LocalPeer.user(of: descriptor) }

    /// - Returns: `nil` for what is no question, or none in time.
    func readQuestion(until end: Instant) -> LocalQuestion? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            switch LocalQuestion.read(bytes) {
            case .whole(let question): return question
            case .none: return nil
            case .unfinished: break
            }
            guard LocalPeer.limitWait(of: descriptor, until: end) else { return nil }
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count > 0 {
                bytes += buffer.prefix(count)
            } else if count == 0 || errno != EINTR {
                return nil
            }
        }
    }

    /// Who does not read gets no more than there is time for.
    func send(_ bytes: [UInt8], until end: Instant) {
        var rest = bytes.span
        while !rest.isEmpty, LocalPeer.limitWait(of: descriptor, until: end) {
            let sent = unsafe rest.withUnsafeBytes { buffer in
                unsafe Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            }
            if sent >= 0 {
                rest = rest.extracting(droppingFirst: sent)
            } else if errno != EINTR {
                return
            }
        }
    }
}

/// What both ends of a local connection ask of the kernel.
enum LocalPeer {
    /// The effective user of the other end when it connected, or began to listen (`SO_PEERCRED`, unix(7)); `nil` when the kernel
    /// does not say. A user who has no number in this user namespace has that of the overflow user.
    static func user(of descriptor: Int32) -> uid_t? {
        // struct ucred: the numbers of process, user and group.
        var credentials: [UInt32] = [0, 0, 0]
        var length = socklen_t(12)
        let result = unsafe credentials.withUnsafeMutableBytes { buffer in
            unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, buffer.baseAddress, &length)
        }
        return result == 0 && length == 12 ? credentials[1] : nil
    }

    /// Root, and whoever runs this program himself.
    static func isTrusted(_ user: uid_t?) -> Bool {
        user.map { $0 == 0 || $0 == geteuid() } ?? false
    }

    /// Gives the next call the time that is left.
    ///
    /// - Returns: whether there is any.
    static func limitWait(of descriptor: Int32, until end: ContinuousClock.Instant) -> Bool {
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: end).components
        var left = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        // No time at all would be for ever.
        guard left.tv_sec > 0 || left.tv_sec == 0 && left.tv_usec > 0 else { return false }
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            guard unsafe setsockopt(descriptor, SOL_SOCKET, option, &left, socklen_t(MemoryLayout<timeval>.size)) == 0
            else { return false }
        }
        return true
    }
}
