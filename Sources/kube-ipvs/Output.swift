// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import KubernetesObjects

/// A descriptor that a command's output goes to, as bytes.
struct OutputDescriptor {
    var number: Int32

    static let standardOutput = OutputDescriptor(number: STDOUT_FILENO)

    /// Writes lines in which others may have had a say.
    func write(lines: [String]) throws(OutputError) {
        try write(Array(lines.map { "\($0.visible)\n" }.joined().utf8))
    }

    /// Writes all of `bytes`, however long the reader takes.
    func write(_ bytes: [UInt8]) throws(OutputError) {
        var rest = bytes.span
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { buffer in
                unsafe Glibc.write(number, buffer.baseAddress, buffer.count)
            }
            if written >= 0 {
                rest = rest.extracting(droppingFirst: written)
            } else if errno != EINTR {
                throw OutputError(number: errno)
            }
        }
    }
}

/// Gathers what is written in small pieces, so that it goes out in few calls and is never held whole.
struct OutputBuffer: ~Copyable {
    private let output: OutputDescriptor
    private var bytes: [UInt8] = []

    private static var capacity: Int { 1 << 16 }

    init(_ output: OutputDescriptor) {
        self.output = output
    }

    mutating func write(_ piece: [UInt8]) throws(OutputError) {
        bytes += piece
        if bytes.count >= Self.capacity { try flush() }
    }

    /// Writes a line in which others may have had a say.
    mutating func write(line: String) throws(OutputError) {
        try write(Array("\(line.visible)\n".utf8))
    }

    /// Writes what was gathered. Nothing else does at the end.
    mutating func flush() throws(OutputError) {
        try output.write(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}

/// Messages for the person at the terminal.
enum StandardError {
    static func write(_ line: String) {
        let bytes = Array("\(line.visible)\n".utf8)
        // Nothing can be done about a message that cannot be written.
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

struct OutputError: Error, CustomStringConvertible {
    var number: Int32

    var description: String { "cannot write the output (errno \(number))" }
}
