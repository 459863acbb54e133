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
