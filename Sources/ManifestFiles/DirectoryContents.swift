// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Reads what stands in a directory.
struct DirectoryContents {
    enum File {
        /// - isWhole: No writer had the file open after it was read, so this is no part of what somebody is writing, unless
        ///   one was there meanwhile and has left, of which there is an event. `false` where the file system cannot tell.
        case bytes([UInt8], isWhole: Bool)
        /// Somebody has the file open for writing.
        case beingWritten
        /// No such file, or something else than a regular file.
        case absent
        case failure(String)
    }

    var path: String
    /// In bytes.
    var largestFile: Int
    /// Whether the kernel is asked who has a file open. If not, it is as on a file system that cannot tell.
    var asksForWriters: Bool

    /// The names of the manifests.
    func manifestNames() throws(SystemError) -> Set<String> {
        guard let stream = unsafe opendir(path) else { throw SystemError(errno) }
        defer { unsafe closedir(stream) }
        var names: Set<String> = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if ManifestFormat(fileName: name) != nil { names.insert(name) }
        }
        guard errno == 0 else { throw SystemError(errno) }
        return names
    }

    func read(_ file: String) -> File {
        // Without O_NONBLOCK the open of a pipe would wait for its writer.
        let descriptor = unsafe open("\(path)/\(file)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let error = SystemError(errno)
            return error.number == ENOENT ? .absent : .failure("cannot be opened: \(error)")
        }
        let owner = OwnedFileDescriptor(descriptor)
        return withExtendedLifetime(owner) {
            if hasWriter(owner.number) == true { return .beingWritten }
            let file = contents(of: owner.number)
            guard case .bytes(let bytes, _) = file else { return file }
            switch hasWriter(owner.number) {
            case true?: return .beingWritten
            case false?: return .bytes(bytes, isWhole: true)
            case nil: return file
            }
        }
    }

    private func contents(of descriptor: Int32) -> File {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return .failure("cannot be read: \(SystemError(errno))") }
        guard status.st_mode & S_IFMT == S_IFREG else { return .absent }

        let expected = Int(status.st_size)
        var bytes: [UInt8] = []
        while bytes.count <= largestFile {
            guard expected <= largestFile else { break }
            // One more than expected, so that the end is seen without another piece. A file that has grown meanwhile takes more.
            let piece = Self.read(descriptor, most: max(expected + 1 - bytes.count, 4096))
            if let error = piece.error { return .failure("cannot be read: \(error)") }
            // The first piece is nearly always all: put to an empty array it would be copied.
            bytes = bytes.isEmpty ? piece.bytes : bytes + piece.bytes
            if piece.isLast { return .bytes(bytes, isWhole: false) }
        }
        return .failure("is larger than \(largestFile) bytes, and nothing of it is read")
    }

    /// Reads until so many bytes have come, or the file ends.
    private static func read(
        _ descriptor: Int32,
        most count: Int
    ) -> (bytes: [UInt8], isLast: Bool, error: SystemError?) {
        var isLast = false
        var error: SystemError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, !isLast, error == nil {
                let read = unsafe Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled)
                if read > 0 {
                    filled += read
                } else if read == 0 {
                    isLast = true
                } else if errno != EINTR {
                    error = SystemError(errno)
                }
            }
        }
        return (bytes, isLast, error)
    }

    /// Whether somebody has the file open for writing; `nil` where the file system or the kernel's permissions keep that
    /// secret.
    ///
    /// A read lease (fcntl(2)) is only given for a file that nobody writes. It is given back at once.
    private func hasWriter(_ descriptor: Int32) -> Bool? {
        guard asksForWriters else { return nil }
        // From asm-generic/fcntl.h and linux/fcntl.h.
        let setSignal: Int32 = 10
        let setLease: Int32 = 1024
        // Who opens the file while the lease lasts makes the kernel signal us. SIGIO, which is the default, would end the
        // process; SIGURG is ignored.
        guard fcntl(descriptor, setSignal, SIGURG) == 0 else { return nil }
        if fcntl(descriptor, setLease, F_RDLCK) == 0 {
            _ = fcntl(descriptor, setLease, F_UNLCK)
            return false
        }
        return errno == EAGAIN ? true : nil
    }
}
