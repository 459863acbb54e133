// SPDX-License-Identifier: GPL-2.0-or-later
/// A name that IPVS gives a scheduler or a persistence engine: at most 15 bytes (`IP_VS_SCHEDNAME_MAXLEN` and
/// `IP_VS_PENAME_MAXLEN` with their final zero).
///
/// It is kept in 16 bytes and not as a `String`, so that configurations and changes are plain bytes. A load copies and
/// frees a hundred thousand of them, and none has a reference to count.
public struct IPVSName: Hashable, Sendable, BitwiseCopyable {
    /// The first byte is the lowest one of `first`; what is not used is zero.
    private var first: UInt64 = 0
    private var second: UInt64 = 0

    /// `nil` when the name is empty, longer than 15 bytes, or not printable ASCII without spaces.
    public init?(_ name: some StringProtocol) {
        guard (1...15).contains(name.utf8.count), name.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            return nil
        }
        self.init(bytes: name.utf8)
    }

    private init(bytes: some Sequence<UInt8>) {
        for (index, byte) in bytes.enumerated() {
            if index < 8 {
                first |= UInt64(byte) << UInt64(8 * index)
            } else {
                second |= UInt64(byte) << UInt64(8 * (index - 8))
            }
        }
    }
}

extension IPVSName: ExpressibleByStringLiteral, CustomStringConvertible {
    /// - Precondition: the literal is a name.
    public init(stringLiteral name: StaticString) {
        guard let known = Self("\(name)") else { preconditionFailure("\(name) is no name for IPVS") }
        self = known
    }

    public var description: String {
        var text = ""
        for var bytes in [first, second] {
            while bytes != 0 {
                text.unicodeScalars.append(Unicode.Scalar(UInt8(truncatingIfNeeded: bytes)))
                bytes >>= 8
            }
        }
        return text
    }
}
