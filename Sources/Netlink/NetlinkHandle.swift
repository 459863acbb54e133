// SPDX-License-Identifier: GPL-2.0-or-later
import CGNUSource
import CLibNL
import Glibc

/// The kernel subsystem at the far end of a netlink socket.
public enum NetlinkProtocol: Sendable {
    /// `NETLINK_ROUTE`: links, addresses, routes, rules.
    case route
    /// `NETLINK_GENERIC`: families registered by name, IPVS among them.
    case generic
    /// `NETLINK_NETFILTER`: connection tracking and its kin.
    case netfilter

    var rawValue: Int32 {
        switch self {
        case .route: NETLINK_ROUTE
        case .generic: NETLINK_GENERIC
        case .netfilter: NETLINK_NETFILTER
        }
    }
}

/// A connected libnl socket with its receive buffer. libnl opens and binds it; system calls do the I/O, because libnl's
/// own receive functions hide the error numbers.
@safe
struct NetlinkHandle: ~Copyable {
    /// No datagram of the kernel is longer: a dump fills 32 KiB at most (`netlink_dump` in `net/netlink/af_netlink.c`),
    /// but one link with very many attributes may take more.
    private static let bufferSize = 256 * 1024

    private let socket: OpaquePointer
    private var buffer: [UInt8]

    private init(adopting socket: OpaquePointer) {
        unsafe self.socket = socket
        buffer = [UInt8](repeating: 0, count: Self.bufferSize)
    }

    deinit {
        unsafe nl_socket_free(socket)
    }

    /// A factory and not an initializer: whichever step throws, `deinit` already owns the pointer.
    static func open(_ netlinkProtocol: NetlinkProtocol) throws(NetlinkError) -> NetlinkHandle {
        guard let pointer = unsafe nl_socket_alloc() else {
            throw NetlinkError(.open, .outOfMemory)
        }
        let handle = unsafe NetlinkHandle(adopting: pointer)

        // libnl returns -NLE_*; errno still holds the number that the system call left.
        guard unsafe nl_connect(pointer, netlinkProtocol.rawValue) >= 0 else {
            throw NetlinkError(.open, .current)
        }
        // Answers then carry the kernel's words, and do not echo the request back. Kernels before 4.12 and 4.3 have no such
        // options, and their answers are understood without.
        try? handle.setOption(SOL_NETLINK, NETLINK_EXT_ACK, to: 1 as Int32)
        try? handle.setOption(SOL_NETLINK, NETLINK_CAP_ACK, to: 1 as Int32)
        return handle
    }

    var descriptor: Int32 { unsafe nl_socket_get_fd(socket) }

    /// Sets the size of a socket buffer past `net.core.rmem_max` where the process may, up to it otherwise.
    func setBuffer(force: Int32, plain: Int32, to size: Int) throws(NetlinkError) {
        let size = Int32(clamping: size)
        do throws(NetlinkError) {
            try setOption(SOL_SOCKET, force, to: size)
        } catch {
            // Without CAP_NET_ADMIN in the initial user namespace.
            try setOption(SOL_SOCKET, plain, to: size)
        }
    }

    func setOption(_ level: Int32, _ option: Int32, to value: some BitwiseCopyable) throws(NetlinkError) {
        let status = unsafe withUnsafeBytes(of: value) { bytes in
            unsafe setsockopt(descriptor, level, option, bytes.baseAddress, socklen_t(bytes.count))
        }
        guard status == 0 else {
            throw NetlinkError(.open, .current)
        }
    }

    func option(_ level: Int32, _ option: Int32) throws(NetlinkError) -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, level, option, &value, &size) == 0 else {
            throw NetlinkError(.open, .current)
        }
        return value
    }

    /// Refuses requests that the kernel would read more into than is meant, and lets it filter address dumps by link
    /// and family. Kernels before 4.20 lack it and send more; whoever reads a dump filters it too.
    func enableStrictChecks() {
        try? setOption(SOL_NETLINK, NETLINK_GET_STRICT_CHK, to: 1 as Int32)
    }

    func send(_ bytes: RawSpan) throws(NetlinkError) {
        _ = try Self.retryingInterrupts(.send) {
            unsafe bytes.withUnsafeBytes { unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
        }
    }

    /// Receives one datagram and hands it over; the bytes live for the call.
    ///
    /// - Throws: `ENOBUFS` when the kernel had to drop an answer, `EAGAIN` when there is none (in time).
    mutating func receive<Result>(
        flags: Int32 = 0,
        _ body: (RawSpan) throws(NetlinkError) -> Result
    ) throws(NetlinkError) -> Result {
        let descriptor = descriptor
        let count = try Self.retryingInterrupts(.receive) {
            unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_TRUNC) | flags)
        }
        return try read(0, count, atMost: buffer.count, body)
    }

    /// Receives a datagram of a dump with those that the kernel has right behind it, and hands over one after the other.
    ///
    /// The kernel makes the next datagram of a dump while one is taken (`netlink_recvmsg`), the last one among them, which
    /// only says that it is the last one: so most dumps take one call and not two.
    ///
    /// - Throws: as `receive` does, and what `body` throws; the datagrams behind that one are then lost.
    mutating func receiveDump(_ body: (RawSpan) throws(NetlinkError) -> Void) throws(NetlinkError) {
        let descriptor = descriptor
        var lengths = InlineArray<4, Int>(repeating: 0)
        let size = buffer.count / lengths.count
        let count = try Self.retryingInterrupts(.receive) {
            var lengths = lengths.mutableSpan
            return unsafe lengths.withUnsafeMutableBufferPointer { lengths in
                guard let first = lengths.baseAddress else { return 0 }
                return Int(unsafe receive_datagrams(descriptor, &buffer, size, first, lengths.count, 0))
            }
        }
        for index in 0..<count {
            try read(index * size, lengths[index], atMost: size, body)
        }
    }

    private func read<Result>(
        _ start: Int,
        _ count: Int,
        atMost size: Int,
        _ body: (RawSpan) throws(NetlinkError) -> Result
    ) throws(NetlinkError) -> Result {
        guard count <= size else {
            throw NetlinkError(.receive, .messageTooLong, explanation: "a datagram of \(count) bytes")
        }
        return try body(unsafe buffer.span.bytes.extracting(start..<start + count))
    }

    /// Throws away what has arrived. A dump that was broken off ends by this too: the kernel goes on with it whenever
    /// something is received, and until its end refuses the next one with `EBUSY`.
    mutating func drain() throws(NetlinkError) {
        while true {
            do throws(NetlinkError) {
                try receive(flags: Int32(MSG_DONTWAIT)) { _ in }
            } catch {
                switch error.errno {
                case .tryAgain: return
                case .noBufferSpace, .messageTooLong: continue
                default: throw error
                }
            }
        }
    }

    private static func retryingInterrupts(
        _ operation: NetlinkError.Operation,
        _ call: () -> Int
    ) throws(NetlinkError) -> Int {
        while true {
            let result = call()
            if result >= 0 { return result }
            let errno = Errno.current
            guard errno == .interrupted else {
                throw NetlinkError(operation, errno)
            }
        }
    }
}
