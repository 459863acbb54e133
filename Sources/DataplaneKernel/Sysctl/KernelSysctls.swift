// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import Netlink
public import Reconcile

/// The kernel's settings under `/proc/sys`; those of `net` are of the calling thread's network namespace.
///
/// A key is a path below the root, such as `net/ipv4/vs/conntrack`. A key without any slash may have dots in their place
/// (`net.ipv4.vs.conntrack`). The name of an interface can hold dots itself: such a key needs slashes.
public struct KernelSysctls: Sendable {
    private let root: String

    /// - Parameter root: where the settings are. Module parameters are files of the same manner, below `/sys/module`.
    public init(root: String = "/proc/sys") {
        self.root = root
    }

    /// The value, without white space around it.
    public func read(_ key: String) throws(DataplaneError) -> String {
        let descriptor = unsafe open(path(of: key), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(errno, "read \(key)") }
        defer { close(descriptor) }

        var value: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Self.retryingInterrupts { unsafe Glibc.read(descriptor, &buffer, buffer.count) }
            guard count >= 0 else { throw Self.failure(errno, "read \(key)") }
            guard count > 0 else { break }
            value += buffer[..<count]
        }
        let start = value.drop(while: Self.isSpace)
        // Of a setting that is empty, such as ip_local_reserved_ports, nothing is left.
        let end = start.lastIndex { !Self.isSpace($0) }.map { $0 + 1 } ?? start.startIndex
        return String(decoding: start[..<end], as: UTF8.self)
    }

    /// Writes the value, also when it is that already.
    public func write(_ value: String, to key: String) throws(DataplaneError) {
        let attempt = "set \(key) to \(value)"
        let descriptor = unsafe open(path(of: key), O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(errno, attempt) }
        defer { close(descriptor) }

        // In one call: the kernel takes each `write(2)` for a value of its own.
        let bytes = Array(value.utf8)
        let count = Self.retryingInterrupts { unsafe Glibc.write(descriptor, bytes, bytes.count) }
        guard count >= 0 else { throw Self.failure(errno, attempt) }
        guard count == bytes.count else {
            throw DataplaneError(part: .sysctls, explanation: "cannot \(attempt): the kernel took only a part of it")
        }
    }

    /// Writes the value where it is another one. White space between the numbers of a list makes no difference.
    ///
    /// - Returns: whether it wrote.
    @discardableResult
    public func set(_ key: String, to value: String) throws(DataplaneError) -> Bool {
        guard Self.parts(try read(key)) != Self.parts(value) else { return false }
        try write(value, to: key)
        return true
    }

    private func path(of key: String) -> String {
        let path = key.contains("/") ? key : String(key.map { $0 == "." ? "/" : $0 })
        return "\(root)/\(path)"
    }

    private static func parts(_ value: String) -> [ArraySlice<UInt8>] {
        Array(value.utf8).split(whereSeparator: isSpace)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0d).contains(byte)
    }

    private static func failure(_ number: Int32, _ attempt: String) -> DataplaneError {
        let words = Errno(rawValue: number).description
        return DataplaneError(part: .sysctls, number: number, explanation: "cannot \(attempt): \(words)")
    }

    private static func retryingInterrupts(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}
