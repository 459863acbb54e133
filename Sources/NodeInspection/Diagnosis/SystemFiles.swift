// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Files of the system that a diagnosis shows as they are.
enum SystemFiles {
    /// The first bytes of a file, whatever its size says: files of /proc have none.
    static func read(_ path: String, limit: Int) throws(DiagnosisFailure) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw DiagnosisFailure(number: errno, path) }
        defer { close(descriptor) }
        return try readAll(descriptor, path, limit)
    }

    /// The last bytes of a file.
    static func readEnd(_ path: String, limit: Int) throws(DiagnosisFailure) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw DiagnosisFailure(number: errno, path) }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        if size > limit { lseek(descriptor, size - limit, SEEK_SET) } else { lseek(descriptor, 0, SEEK_SET) }
        return try readAll(descriptor, path, limit)
    }

    private static func readAll(_ descriptor: Int32, _ path: String, _ limit: Int) throws(DiagnosisFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < limit {
            let wanted = min(buffer.count, limit - bytes.count)
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, wanted) }
            if count == 0 { break }
            guard count > 0 else {
                guard errno == EINTR else { throw DiagnosisFailure(number: errno, path) }
                continue
            }
            bytes += buffer.prefix(count)
        }
        return bytes
    }

    /// The names in a directory, in order; none where it cannot be read.
    static func names(in directory: String) -> [String] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
