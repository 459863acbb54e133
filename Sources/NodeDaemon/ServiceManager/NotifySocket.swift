// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Where sd_notify(3) sends its datagrams.
final class NotifySocket: Sendable {
    private let descriptor: Int32
    /// As the kernel takes it: a path, or a zero and a name in the abstract namespace (unix(7)).
    private let path: [UInt8]

    /// - Parameter name: a path, or `@` and a name. `nil` for what is neither, or too long.
    init?(_ name: String) {
        var path = Array(name.utf8)
        // `sun_path` of `sockaddr_un`. A path may be as long as that, without a zero at its end.
        guard (2...108).contains(path.count), path[0] == UInt8(ascii: "/") || path[0] == UInt8(ascii: "@") else {
            return nil
        }
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// Never waits: a manager that does not read misses what is sent. One that is gone is no reason to fail.
    func send(_ text: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { $0 + path.count } ?? 0)
        let bytes = Array(text.utf8)
        unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = unsafe sendto(
                    descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT), address, size)
            }
        }
    }
}
