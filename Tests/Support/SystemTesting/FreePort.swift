// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// No port could be had.
public struct NoFreePort: Error {}

/// A TCP port that was free a moment ago, in IPv4. Not one that clients get for their own end: those come and go.
public func freePort() throws -> UInt16 {
    for _ in 0..<1000 {
        let port = UInt16.random(in: 12_000..<32_000)
        if isFree(port) { return port }
    }
    throw NoFreePort()
}

private func isFree(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}
