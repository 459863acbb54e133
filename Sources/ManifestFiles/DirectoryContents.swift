import Glibc

/// Reads what stands in a directory.
struct DirectoryContents {
    enum File {
        case bytes([UInt8])
        /// No such file, or something else than a regular file.
        case absent
        /// The file was made just now and nothing has been written to it.
        case blank
        case failure(String)
    }

    var path: String
    /// In bytes.
    var largestFile: Int

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

    /// Whether a file of that name is empty, and itself stands in the directory: a symlink's writer is elsewhere.
    private func isBlank(_ file: String) -> Bool {
        var status = stat()
        return unsafe lstat("\(path)/\(file)", &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && status.st_size == 0
    }

    /// - Parameter isNew: The file was made just now, and its writer may not have begun.
    func read(_ file: String, isNew: Bool) -> File {
        if isNew, isBlank(file) { return .blank }
        // Without O_NONBLOCK the open of a pipe would wait for its writer.
        let descriptor = unsafe open("\(path)/\(file)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            return errno == ENOENT ? .absent : .failure("cannot be opened: \(SystemError(errno))")
        }
        let owner = OwnedFileDescriptor(descriptor)
        return withExtendedLifetime(owner) { contents(of: owner.number) }
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
            bytes.removeLast(capacity - max(count, 0))
            if count == 0 { return .bytes(bytes) }
            guard count > 0 || errno == EINTR else { return .failure("cannot be read: \(SystemError(errno))") }
        }
        return .failure("is larger than \(largestFile) bytes, and nothing of it is read")
    }
}
