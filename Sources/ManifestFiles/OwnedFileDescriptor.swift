// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// A file descriptor that is closed with its owner.
final class OwnedFileDescriptor: Sendable {
    let number: Int32

    /// - Parameter number: An open descriptor that nobody else closes.
    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }
}

/// Wakes a thread that is blocked in `poll(2)`, from any thread and for good.
final class CancelSignal: Sendable {
    private let readEnd: OwnedFileDescriptor
    private let writeEnd: OwnedFileDescriptor

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw SystemError(errno) }
        readEnd = OwnedFileDescriptor(ends[0])
        writeEnd = OwnedFileDescriptor(ends[1])
    }

    /// Readable once `raise` was called: nothing ever reads it empty.
    var descriptor: Int32 { readEnd.number }

    func raise() {
        var byte: UInt8 = 0
        // A full buffer is raised already.
        unsafe _ = write(writeEnd.number, &byte, 1)
    }
}

/// What the kernel said no with.
struct SystemError: Error, Hashable, CustomStringConvertible {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    /// Such as `Permission denied (13)`.
    var description: String {
        unsafe "\(String(cString: strerror(number))) (\(number))"
    }
}
