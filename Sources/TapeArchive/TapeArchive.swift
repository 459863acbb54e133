// SPDX-License-Identifier: GPL-2.0-or-later

/// Writes files as a tape archive, which tar reads: POSIX.1-1988 with the magic of ustar (pax(1), "ustar Interchange Format").
///
/// It takes plain files of short names, and nothing else: no program is started for it, and the image has no tar.
public struct TapeArchive: Sendable {
    private static let block = 512
    /// The field of a name, without the byte that ends it.
    public static let longestName = 99

    /// Seconds since 1970, of all files.
    private let time: Int64

    public init(time: Int64) {
        self.time = max(0, time)
    }

    /// The bytes of one file: a header, the contents, and zeros up to a whole block.
    ///
    /// - Parameter name: cut after `longestName` bytes.
    public func file(_ name: String, _ contents: [UInt8]) -> [UInt8] {
        var bytes = header(name, size: contents.count)
        bytes += contents
        bytes += [UInt8](repeating: 0, count: (Self.block - contents.count % Self.block) % Self.block)
        return bytes
    }

    /// Two blocks of zeros.
    public var end: [UInt8] { [UInt8](repeating: 0, count: 2 * Self.block) }

    private func header(_ name: String, size: Int) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: Self.block)
        func put(_ text: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in text.enumerated() { header[offset + index] = byte }
        }
        put(name.utf8.prefix(Self.longestName), at: 0)
        // Readable for the owner alone: the files describe the node.
        put(Self.octal(0o600, digits: 7), at: 100)
        put(Self.octal(0, digits: 7), at: 108)
        put(Self.octal(0, digits: 7), at: 116)
        put(Self.octal(Int64(size), digits: 11), at: 124)
        put(Self.octal(time, digits: 11), at: 136)
        // The checksum is that of a header with spaces in its place.
        put("        ".utf8, at: 148)
        put("0".utf8, at: 156)
        put("ustar\u{0}00".utf8, at: 257)
        put("root".utf8, at: 265)
        put("root".utf8, at: 297)
        let sum = header.reduce(Int64(0)) { $0 + Int64($1) }
        put(Self.octal(sum, digits: 6) + [0], at: 148)
        return header
    }

    /// With zeros before it; too large a number becomes the largest that fits.
    private static func octal(_ number: Int64, digits: Int) -> [UInt8] {
        let text = String(min(number, (1 << Int64(3 * digits)) - 1), radix: 8)
        return Array((String(repeating: "0", count: digits - text.utf8.count) + text).utf8)
    }
}
