// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import SmallFiles

/// Files that are named on the command line.
enum ArgumentFile {
    /// - Throws: a `ValidationError` that names the file and the reason.
    static func read(_ path: String) throws -> [UInt8] {
        do throws(FileProblem) {
            return try SmallFile.read(path)
        } catch {
            throw ValidationError("cannot read \(path): \(error)")
        }
    }

    /// - Throws: a `ValidationError` that names the file and the reason.
    static func write(_ text: String, to path: String) throws {
        do throws(FileProblem) {
            try SmallFile.write(text, to: path)
        } catch {
            throw ValidationError("cannot write \(path): \(error)")
        }
    }
}
