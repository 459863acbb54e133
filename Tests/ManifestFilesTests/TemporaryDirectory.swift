// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Glibc
import Testing

/// A directory of its own, gone after the test.
///
/// In shared memory, because that file system knows who has a file open, as a ConfigMap's does, and /tmp may not.
final class TemporaryDirectory: Sendable {
    /// The directory, inside one that holds nothing else.
    let path: String
    private let parent: String

    init() throws {
        var template = Array("/dev/shm/manifest-test-XXXXXX".utf8CString)
        let made = unsafe mkdtemp(&template).map { unsafe String(cString: $0) }
        parent = try #require(made)
        path = parent + "/manifests"
        try make()
    }

    deinit {
        Self.removeAll(parent)
    }

    /// Another place in the same file system.
    var elsewhere: String { parent + "/elsewhere" }

    func make() throws {
        try require(unsafe mkdir(path, 0o755))
    }

    func makeDirectory(_ name: String) throws {
        try require(unsafe mkdir("\(path)/\(name)", 0o755))
    }

    /// Writes a file in place: opened, cut to nothing, written and closed.
    func write(_ name: String, _ text: String) throws {
        try Writer(self, name).finish(text)
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Writer(self, name).finish(bytes)
    }

    /// Writes another file and moves it over this one.
    func exchange(_ name: String, _ text: String) throws {
        try write(".tmp", text)
        try rename(".tmp", name)
    }

    func rename(_ old: String, _ new: String) throws {
        try require(unsafe Glibc.rename("\(path)/\(old)", "\(path)/\(new)"))
    }

    /// Cuts a file to nothing without opening it.
    func truncate(_ name: String) throws {
        try require(unsafe Glibc.truncate("\(path)/\(name)", 0))
    }

    func remove(_ name: String) throws {
        try require(unsafe unlink("\(path)/\(name)"))
    }

    func link(_ name: String, to target: String) throws {
        try require(unsafe symlink(target, "\(path)/\(name)"))
    }

    /// Links a complete file in under another name.
    func hardLink(_ name: String, to target: String) throws {
        try require(unsafe Glibc.link("\(path)/\(target)", "\(path)/\(name)"))
    }

    func makePipe(_ name: String) throws {
        try require(unsafe mkfifo("\(path)/\(name)", 0o644))
    }

    func moveAway() throws {
        try require(unsafe Glibc.rename(path, elsewhere))
    }

    func moveBack() throws {
        try require(unsafe Glibc.rename(elsewhere, path))
    }

    func removeAll() {
        Self.removeAll(path)
    }

    private static func removeAll(_ path: String) {
        // What a test removed itself is gone already.
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// One who has a file open for writing.
final class Writer {
    private let descriptor: Int32

    /// Opens the file and cuts it to nothing.
    init(_ directory: TemporaryDirectory, _ name: String) throws {
        descriptor = unsafe open("\(directory.path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        try require(descriptor)
    }

    deinit {
        close(descriptor)
    }

    func write(_ text: String) throws {
        try write(Array(text.utf8))
    }

    func write(_ bytes: [UInt8]) throws {
        var bytes = bytes
        guard !bytes.isEmpty else { return }
        let count = unsafe Glibc.write(descriptor, &bytes, bytes.count)
        try #require(count == bytes.count)
    }

    /// Writes the last of the file. It is closed with the writer.
    consuming func finish(_ text: String) throws {
        try write(text)
    }

    consuming func finish(_ bytes: [UInt8]) throws {
        try write(bytes)
    }
}

private func require(_ result: Int32) throws {
    try #require(result >= 0, "errno \(errno)")
}
