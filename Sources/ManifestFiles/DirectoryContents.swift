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

        var bytes: [UInt8] = []
        let expected = Int(status.st_size)
        while bytes.count <= largestFile {
            guard expected <= largestFile else { break }
            // One more than expected, so that the end is seen by the same read.
            let capacity = max(expected + 1 - bytes.count, 4096)
            let start = bytes.count
            bytes += repeatElement(0, count: capacity)
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress?.advanced(by: start), capacity)
            }
            let error = SystemError(errno)
            bytes.removeLast(capacity - max(count, 0))
            if count == 0 { return .bytes(bytes, isWhole: false) }
            guard count > 0 || error.number == EINTR else { return .failure("cannot be read: \(error)") }
        }
        return .failure("is larger than \(largestFile) bytes, and nothing of it is read")
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
