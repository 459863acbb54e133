// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// A directory of a test's own, gone after it.
final class TestDirectory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "kube-http-\(UUID())").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Replaces a file as a whole, as the kubelet does.
    ///
    /// - Returns: Its path.
    @discardableResult
    func write(_ name: String, _ text: String, isProgram: Bool = false) throws -> String {
        let file = "\(path)/\(name)"
        let parent = URL(filePath: file).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        if isProgram {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        }
        return file
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
    }
}
