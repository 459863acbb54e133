// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// An error number of the kernel.
public struct Errno: RawRepresentable, Hashable, Sendable {
    public var rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    public static let noEntry = Self(rawValue: ENOENT)
    public static let noProcess = Self(rawValue: ESRCH)
    public static let interrupted = Self(rawValue: EINTR)
    public static let inputOutput = Self(rawValue: EIO)
    public static let tryAgain = Self(rawValue: EAGAIN)
    public static let outOfMemory = Self(rawValue: ENOMEM)
    public static let exists = Self(rawValue: EEXIST)
    public static let noDevice = Self(rawValue: ENODEV)
    public static let invalidArgument = Self(rawValue: EINVAL)
    public static let badMessage = Self(rawValue: EBADMSG)
    public static let messageTooLong = Self(rawValue: EMSGSIZE)
    public static let familyNotSupported = Self(rawValue: EAFNOSUPPORT)
    public static let addressNotAvailable = Self(rawValue: EADDRNOTAVAIL)
    public static let noBufferSpace = Self(rawValue: ENOBUFS)

    /// What the last system call of this thread left.
    static var current: Errno { Errno(rawValue: errno) }
}

extension Errno: CustomStringConvertible {
    /// The C library's words, such as `No such process`.
    public var description: String {
        var words = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(rawValue, &words, words.count) == 0 else { return "error \(rawValue)" }
        return String(decoding: words.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
