// SPDX-License-Identifier: GPL-2.0-or-later
/// Bytes that have arrived and have not been used yet.
struct ByteQueue: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { bytes.count - start }

    /// The byte at an offset from the first one that has not been used.
    subscript(offset: Int) -> UInt8 { bytes[start + offset] }

    mutating func append(_ chunk: [UInt8]) {
        if bytes.isEmpty {
            bytes = chunk
            return
        }
        if start > bytes.count / 2 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes += chunk
    }

    /// Removes and returns the first bytes; there must be as many.
    mutating func take(_ count: Int) -> [UInt8] {
        defer { drop(count) }
        return Array(bytes[start..<start + count])
    }

    /// Removes the first bytes; there must be as many.
    mutating func drop(_ count: Int) {
        start += count
        guard start == bytes.count else { return }
        // A watch may be quiet for a long time, and what came last may have been large.
        bytes = []
        start = 0
    }

    /// The offset of the first byte of a value, at or after an offset.
    func firstOffset(of byte: UInt8, from offset: Int) -> Int? {
        bytes[(start + offset)...].firstIndex(of: byte).map { $0 - start }
    }
}
