// SPDX-License-Identifier: GPL-2.0-or-later
import CGNUSource
import Glibc

/// What would be written to a descriptor, as bytes: by way of a file that exists only in memory.
enum MemoryFile {
    /// - Parameter limit: more bytes than these are not handed over.
    static func contents(limit: Int, _ write: (OutputDescriptor) throws -> Void) throws -> [UInt8] {
        let descriptor = unsafe memory_file("output", nil, 0)
        guard descriptor >= 0 else { throw OutputError(number: errno) }
        defer { close(descriptor) }
        try write(OutputDescriptor(number: descriptor))
        lseek(descriptor, 0, SEEK_SET)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < limit {
            let wanted = min(buffer.count, limit - bytes.count)
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, wanted) }
            if count == 0 { break }
            guard count > 0 else {
                guard errno == EINTR else { throw OutputError(number: errno) }
                continue
            }
            bytes += buffer.prefix(count)
        }
        return bytes
    }
}
