// SPDX-License-Identifier: GPL-2.0-or-later
import SystemPackage

/// Files that are read and written whole: configurations, certificates, tokens.
public enum SmallFile {
    /// In bytes. Far above any of them, and small enough for a mistaken path to do no harm.
    public static let largest = 4 << 20

    /// - Throws: why the file could not be read.
    public static func read(_ path: String) throws(FileProblem) -> [UInt8] {
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            return try file.closeAfter {
                var bytes: [UInt8] = []
                var piece = [UInt8](repeating: 0, count: 16 << 10)
                while true {
                    let count = try unsafe piece.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                    guard count > 0 else { return bytes }
                    bytes += piece[..<count]
                    guard bytes.count <= largest else {
                        throw FileProblem(explanation: "larger than \(largest >> 20) MiB")
                    }
                }
            }
        } catch {
            throw FileProblem(error)
        }
    }

    /// Replaces what the file holds, or makes it, readable for everybody.
    ///
    /// - Throws: why the file could not be written.
    public static func write(_ text: String, to path: String) throws(FileProblem) {
        do {
            let file = try FileDescriptor.open(
                FilePath(path),
                .writeOnly,
                options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
            _ = try file.closeAfter { try file.writeAll(text.utf8) }
        } catch {
            throw FileProblem(error)
        }
    }
}

/// Why a file could not be read or written, in the system's words, such as `No such file or directory`.
public struct FileProblem: Error, Hashable, Sendable, CustomStringConvertible {
    public var explanation: String
    public var isMissingFile: Bool

    public init(explanation: String, isMissingFile: Bool = false) {
        self.explanation = explanation
        self.isMissingFile = isMissingFile
    }

    init(_ error: any Error) {
        self =
            error as? FileProblem
            ?? FileProblem(explanation: "\(error)", isMissingFile: (error as? Errno) == .noSuchFileOrDirectory)
    }

    public var description: String { explanation }
}
