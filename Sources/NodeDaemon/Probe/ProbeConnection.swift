// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import Glibc
import KubeProxyConfig

/// A connection of a probe to a server of its own node. It blocks, and not for longer than until its end.
struct ProbeConnection: ~Copyable {
    private let descriptor: Int32
    private let end: ContinuousClock.Instant

    /// More than any answer of the daemon.
    static var answerLimit: Int { 1 << 16 }

    static func open(
        to endpoint: BindAddress,
        until end: ContinuousClock.Instant
    ) throws(ProbeError) -> ProbeConnection {
        let connection = ProbeConnection(
            descriptor: try openSocket(endpoint.address.family == .v4 ? AF_INET : AF_INET6), end: end)
        if let value = endpoint.address.v4Value {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = endpoint.port.bigEndian
            address.sin_addr.s_addr = value.bigEndian
            try connection.connect(to: address, MemoryLayout<sockaddr_in>.size)
        } else {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = endpoint.port.bigEndian
            unsafe withUnsafeMutableBytes(of: &address.sin6_addr) {
                unsafe $0.copyBytes(from: endpoint.address.networkBytes)
            }
            try connection.connect(to: address, MemoryLayout<sockaddr_in6>.size)
        }
        return connection
    }

    /// Any user's program may bind the name of an abstract socket first. So the listener is trusted only when it runs as root or
    /// as the user of this program.
    ///
    /// - Parameter name: of a socket in the abstract namespace (unix(7)), without the zero byte before it.
    static func open(
        toLocal name: String,
        until end: ContinuousClock.Instant
    ) throws(ProbeError) -> ProbeConnection {
        let connection = ProbeConnection(descriptor: try openSocket(AF_UNIX), end: end)
        let (address, length) = sockaddr_un.abstract(name)
        try connection.connect(to: address, length)
        guard LocalPeer.isTrusted(connection.peerUser) else {
            throw ProbeError("a program of another user than root listens there")
        }
        return connection
    }

    private init(descriptor: Int32, end: ContinuousClock.Instant) {
        self.descriptor = descriptor
        self.end = end
    }

    private static func openSocket(_ family: Int32) throws(ProbeError) -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ProbeError(number: errno) }
        return descriptor
    }

    deinit {
        close(descriptor)
    }

    /// The user who listens, where the connection is local.
    var peerUser: uid_t? { LocalPeer.user(of: descriptor) }

    /// Sends a request, and reads until the server closes the connection.
    consuming func answer(to request: [UInt8], upTo limit: Int = answerLimit) throws(ProbeError) -> [UInt8] {
        try limitWait()
        if !request.isEmpty {
            let sent = unsafe request.withUnsafeBytes { bytes in
                unsafe send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            // A server that refuses without reading has answered.
            guard sent == request.count || sent < 0 && errno == EPIPE else {
                throw sent < 0 ? ProbeError(number: errno) : .tooSlow
            }
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while answer.count < limit {
            try limitWait()
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count == 0 { break }
            if count > 0 {
                answer += buffer.prefix(count)
            } else if errno != EINTR {
                throw ProbeError(number: errno)
            }
        }
        return answer
    }

    private func connect<Address>(to address: Address, _ length: Int) throws(ProbeError) {
        try limitWait()
        let result = unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, socklen_t(length))
            }
        }
        guard result == 0 else { throw ProbeError(number: errno) }
    }

    /// Gives the next call the time that is left.
    private func limitWait() throws(ProbeError) {
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: end).components
        var left = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        // No time at all would be for ever.
        guard left.tv_sec > 0 || left.tv_sec == 0 && left.tv_usec > 0 else { throw .tooSlow }
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            guard unsafe setsockopt(descriptor, SOL_SOCKET, option, &left, socklen_t(MemoryLayout<timeval>.size)) == 0
            else {
                throw ProbeError(number: errno)
            }
        }
    }
}

/// Why there is no answer.
struct ProbeError: Error, Hashable, Sendable, CustomStringConvertible {
    let description: String

    static var tooSlow: ProbeError { ProbeError("no answer in \(HealthProbe.patience)") }

    init(_ description: String) {
        self.description = description
    }

    init(number: Int32) {
        switch number {
        case EAGAIN, EINPROGRESS: self = .tooSlow
        case ECONNREFUSED: self.init("nobody listens there")
        default: self.init(unsafe String(cString: strerror(number)))
        }
    }
}

extension sockaddr_un {
    /// An address in the abstract namespace, and how many of its bytes count.
    static func abstract(_ name: String) -> (sockaddr_un, length: Int) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = [0] + Array(name.utf8.prefix(100))
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return (address, MemoryLayout<sa_family_t>.size + bytes.count)
    }
}
