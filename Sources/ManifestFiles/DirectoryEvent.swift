// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// One event of inotify(7).
struct DirectoryEvent: Hashable {
    struct Kinds: OptionSet, Hashable {
        let rawValue: UInt32

        static let created = Kinds(rawValue: UInt32(IN_CREATE))
        static let modified = Kinds(rawValue: UInt32(IN_MODIFY))
        static let attributesChanged = Kinds(rawValue: UInt32(IN_ATTRIB))
        /// Closed by one who had it open for writing.
        static let writerClosed = Kinds(rawValue: UInt32(IN_CLOSE_WRITE))
        static let movedIn = Kinds(rawValue: UInt32(IN_MOVED_TO))
        static let movedOut = Kinds(rawValue: UInt32(IN_MOVED_FROM))
        static let deleted = Kinds(rawValue: UInt32(IN_DELETE))
        static let directoryDeleted = Kinds(rawValue: UInt32(IN_DELETE_SELF))
        static let directoryMoved = Kinds(rawValue: UInt32(IN_MOVE_SELF))
        static let unmounted = Kinds(rawValue: UInt32(IN_UNMOUNT))
        /// The watch itself has ended.
        static let watchEnded = Kinds(rawValue: UInt32(IN_IGNORED))
        /// Events were lost.
        static let overflow = Kinds(rawValue: UInt32(IN_Q_OVERFLOW))

        /// What is asked for. The kernel sends `unmounted`, `watchEnded` and `overflow` without being asked.
        static let watched: Kinds = [
            .created, .modified, .attributesChanged, .writerClosed, .movedIn, .movedOut, .deleted, .directoryDeleted,
            .directoryMoved,
        ]
        static let endsWatch: Kinds = [.directoryDeleted, .directoryMoved, .unmounted, .watchEnded]
    }

    /// The watch that the event is of; -1 for an overflow.
    var watch: Int32
    var kinds: Kinds
    /// The file's name; empty for an event of the directory itself.
    var name: String
}

extension DirectoryEvent {
    /// The events in the bytes of one read: `struct inotify_event` of `linux/inotify.h`, each followed by its name, which
    /// is padded with zeros.
    static func events(in bytes: [UInt8]) -> [DirectoryEvent] {
        func number(at offset: Int) -> UInt32 {
            unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
        }
        let headerLength = 16
        var events: [DirectoryEvent] = []
        var offset = 0
        while offset + headerLength <= bytes.count {
            let nameLength = Int(number(at: offset + 12))
            let nameStart = offset + headerLength
            guard nameStart + nameLength <= bytes.count else { break }
            let name = bytes[nameStart..<nameStart + nameLength].prefix { $0 != 0 }
            events.append(
                DirectoryEvent(
                    watch: Int32(bitPattern: number(at: offset)),
                    kinds: Kinds(rawValue: number(at: offset + 4)),
                    name: String(decoding: name, as: UTF8.self)
                )
            )
            offset = nameStart + nameLength
        }
        return events
    }
}
