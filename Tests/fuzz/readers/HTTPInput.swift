// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import Dispatch
import Glibc
import HTTPSurfaces
import Synchronization

/// A port of the daemon's, and clients that send anything to it.
final class HTTPInput: Sendable {
    static let shared = HTTPInput()

    private let port: UInt16

    private init() {
        // The listener's own limits against floods would answer a fuzzer with 429 alone.
        var limits = ConnectionLimits()
        limits.connections = 10_000
        limits.requestsPerSecond = 1_000_000
        limits.requests = 1_000_000
        limits.headTime = .milliseconds(200)
        let opened = OpenedPort()
        Task { [limits] in
            do throws(ListenError) {
                let listener = try await HTTPListener.open(
                    on: ListenAddress(address: IPAddress(v4: 0x7f00_0001), port: 0),
                    limits: limits,
                    writablePaths: ["/debug/flags/v"]
                ) { question in
                    .text("\(question)")
                }
                opened.note(listener.port)
                await listener.serve()
            } catch {
                fatalError("\(error)")
            }
        }
        port = opened.wait()
    }

    /// Sends `bytes`, says that there is no more, and reads until the server has ended the connection.
    func send(_ bytes: [UInt8]) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return }
        _ = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        shutdown(descriptor, Int32(SHUT_WR))
        var answer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let length = unsafe answer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            if length > 0 { continue }
            precondition(length == 0 || errno != EAGAIN, "the server neither answered nor ended the connection in 10 s")
            return
        }
    }
}

/// The port of a server that is being opened.
private final class OpenedPort: Sendable {
    private let port = Mutex<UInt16>(0)
    private let isOpen = DispatchSemaphore(value: 0)

    func note(_ number: UInt16) {
        port.withLock { $0 = number }
        isOpen.signal()
    }

    func wait() -> UInt16 {
        isOpen.wait()
        return port.withLock(\.self)
    }
}
