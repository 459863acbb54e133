// SPDX-License-Identifier: GPL-2.0-or-later
import CGNUSource
import Glibc
import Netlink

/// The network namespaces of this program and of who has started it.
public enum NetworkNamespace {
    /// What the kernel calls that of the calling thread, such as `net:[4026531840]`; `nil` when it does not say.
    public static var name: String? { name(of: "thread-self") }

    /// That of the process that has started this one.
    public static var nameOfParent: String? { name(of: "\(getppid())") }

    private static func name(of process: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = unsafe readlink("/proc/\(process)/ns/net", &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Moves the calling thread into a new one, and then begins the program anew in it, so that each of its threads and
    /// each program that it starts is in there.
    ///
    /// - Parameter arguments: of the program, its name first.
    /// - Returns: only when the kernel refuses, which wants CAP_SYS_ADMIN: why, for a person.
    public static func restartInNew(_ arguments: [String]) -> String {
        guard unshare_network() == 0 else {
            return "cannot make a network namespace: \(Errno(rawValue: errno))"
        }
        var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
        unsafe execv("/proc/self/exe", &words)
        let number = errno
        unsafe words.forEach { unsafe free($0) }
        return "cannot begin anew in a network namespace: \(Errno(rawValue: number))"
    }
}
