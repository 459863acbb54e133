// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Synchronization

/// No port could be had.
public struct NoFreePort: Error {}

/// What this process has handed out: tests run side by side, and open their ports a while later.
private let handedOut = Mutex<Set<UInt16>>([])

/// A TCP port that was free a moment ago, in IPv4, and that no other test of this process has.
///
/// Not one that clients get for their own end: those come and go.
public func freePort() throws -> UInt16 {
    for _ in 0..<1000 {
        let port = UInt16.random(in: 12_000..<32_000)
        if isFree(port), handedOut.withLock({ $0.insert(port).inserted }) { return port }
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
