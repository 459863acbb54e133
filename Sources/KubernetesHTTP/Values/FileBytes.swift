import SystemPackage

/// Reading small files whole: certificates, tokens, kubeconfigs.
enum FileBytes {
    /// Far above any of them, and small enough for a mistaken path to do no harm.
    static let largest = 4 << 20

    /// - Throws: why the file could not be read, in the system's words, such as `No such file or directory`.
    static func read(_ path: String) throws(FileProblem) -> [UInt8] {
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
        } catch let problem as FileProblem {
            throw problem
        } catch {
            throw FileProblem(explanation: "\(error)", isMissingFile: (error as? Errno) == .noSuchFileOrDirectory)
        }
    }
}

struct FileProblem: Error, Hashable, CustomStringConvertible {
    var explanation: String
    var isMissingFile = false

    var description: String { explanation }
}
