// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Watches the directory at a path by inotify(7), and finds it again after it was replaced.
struct DirectoryWatch {
    enum Wait {
        case events([DirectoryEvent])
        case timeout
        case cancelled
    }

    /// Which directory stood at the path when it was watched.
    private struct Identity: Equatable {
        var device: UInt64
        var inode: UInt64
    }

    private let path: String
    private let inotify: OwnedFileDescriptor
    private let cancel: CancelSignal
    private var watch: Int32?
    private var identity: Identity?

    /// - Throws: When the kernel has no more inotify instances for this user, or the directory cannot be watched.
    init(_ path: String, cancel: CancelSignal) throws(SystemError) {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError(errno) }
        inotify = OwnedFileDescriptor(descriptor)
        self.path = path
        self.cancel = cancel
        try start()
    }

    /// Whether the directory that is watched still is the one at the path.
    ///
    /// inotify does not tell of a directory's deletion while somebody has it open, nor of a symlink on the way to it.
    var isCurrent: Bool {
        watch != nil && identity != nil && identity == Self.identity(of: path)
    }

    /// Watches the directory that is at the path now.
    mutating func start() throws(SystemError) {
        if let watch { inotify_rm_watch(inotify.number, watch) }
        watch = nil
        let mask = DirectoryEvent.Kinds.watched.rawValue | UInt32(IN_ONLYDIR)
        let number = unsafe inotify_add_watch(inotify.number, path, mask)
        guard number >= 0 else { throw SystemError(errno) }
        watch = number
        identity = Self.identity(of: path)
    }

    /// Blocks until there are events, the timeout passes, or the signal is raised.
    func wait(_ timeout: Duration) throws(SystemError) -> Wait {
        let (seconds, attoseconds) = timeout.components
        let milliseconds = Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        var descriptors = [
            pollfd(fd: cancel.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: inotify.number, events: Int16(POLLIN), revents: 0),
        ]
        // An interrupted wait starts anew: the timeouts here are no promises.
        while unsafe poll(&descriptors, nfds_t(descriptors.count), milliseconds) < 0 {
            guard errno == EINTR else { throw SystemError(errno) }
        }
        if descriptors[0].revents != 0 { return .cancelled }
        if descriptors[1].revents == 0 { return .timeout }
        return .events(try events())
    }

    /// The events that are there now, without waiting.
    func events() throws(SystemError) -> [DirectoryEvent] {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var events: [DirectoryEvent] = []
        while true {
            let count = unsafe read(inotify.number, &buffer, buffer.count)
            if count < 0 {
                switch errno {
                case EINTR: continue
                case EAGAIN: break
                default: throw SystemError(errno)
                }
            }
            guard count > 0 else { break }
            events += DirectoryEvent.events(in: Array(buffer[..<count]))
        }
        // Those of a directory that was watched before are of no interest.
        return events.filter { $0.kinds.contains(.overflow) || $0.watch == watch }
    }

    private static func identity(of path: String) -> Identity? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }
}
