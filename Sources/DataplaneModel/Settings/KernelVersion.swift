// SPDX-License-Identifier: GPL-2.0-or-later
/// The first two numbers of a Linux version, which decide what a kernel can do.
public struct KernelVersion: Hashable, Sendable {
    public var major: Int
    public var minor: Int

    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// - Parameter release: as `uname -r` prints it, such as `6.1.0-31-amd64` or `5.4-rc2`; `nil` for anything else.
    public init?(release: String) {
        let numbers = release.prefix { $0 == "." || $0.isASCII && $0.isNumber }.split(separator: ".")
        guard numbers.count >= 2, let major = Int(numbers[0]), let minor = Int(numbers[1]) else { return nil }
        self.init(major, minor)
    }
}

extension KernelVersion: Comparable, CustomStringConvertible {
    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.major, lhs.minor) < (rhs.major, rhs.minor)
    }

    public var description: String { "\(major).\(minor)" }
}
