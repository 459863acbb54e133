// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import Glibc
import HTTPSurfaces

extension ListenAddress {
    /// Any free port of 127.0.0.1.
    static var loopback: ListenAddress { ListenAddress(address: IPAddress(v4: 0x7f00_0001), port: 0) }

    static func loopback(port: UInt16) -> ListenAddress {
        ListenAddress(address: IPAddress(v4: 0x7f00_0001), port: port)
    }
}

/// A client's end of a TCP connection to 127.0.0.1, with nothing of HTTP about it.
final class RawClient: Sendable {
    struct Failure: Error {
        var number: Int32
    }

    private let descriptor: Int32

    /// - Parameter waits: whether connecting and sending may take their time. Many clients that do would keep all threads.
    init(port: UInt16, waits: Bool = true) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | (waits ? 0 : SOCK_NONBLOCK.rawValue)), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 || errno == EINPROGRESS else {
            throw Failure(number: errno)
        }
    }

    /// Sends a text that is short, as soon as there is a connection.
    ///
    /// - Returns: whether the other end took it.
    func sendSoon(_ text: String) async throws -> Bool {
        let bytes = Array(text.utf8)
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while ContinuousClock.now < deadline {
            let count = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            if count == bytes.count { return true }
            guard errno == EAGAIN || errno == ENOTCONN else { return false }
            try await Task.sleep(for: .milliseconds(1))
        }
        return false
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// - Returns: whether the other end still took it.
    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Sends as much as the connection takes now.
    ///
    /// - Returns: whether the connection is still there.
    func offer(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let count = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        return count >= 0 || errno == EAGAIN || errno == ENOTCONN
    }

    /// Whether the server has closed the connection, of all that it sent nothing being read.
    var isClosed: Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK))
        return count == 0 || count < 0 && errno == ECONNRESET
    }

    /// Everything until the server closes the connection.
    func readToEnd() async throws -> String {
        try await read { _ in false }
    }

    /// What comes until it holds `end`, or until the server closes the connection.
    func read(until end: String) async throws -> String {
        try await read { $0.contains(end) }
    }

    /// A server that neither answers nor closes fails the test.
    private func read(_ isEnough: (String) -> Bool) async throws -> String {
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while ContinuousClock.now < deadline {
            let count = unsafe recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
            let number = errno
            if count > 0 {
                all += chunk[..<count]
            } else if count == 0 || number == ECONNRESET {
                return String(decoding: all, as: UTF8.self)
            } else if number != EAGAIN {
                throw Failure(number: number)
            } else {
                try await Task.sleep(for: .milliseconds(2))
            }
            let text = String(decoding: all, as: UTF8.self)
            if isEnough(text) { return text }
        }
        throw Failure(number: ETIMEDOUT)
    }
}
