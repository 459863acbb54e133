// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Why a directory of manifests cannot be used.
public struct ManifestDirectoryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The directory's path.
    public let path: String
    /// The `errno` of the kernel.
    public let number: Int32
    private let words: String

    init(path: String, _ error: SystemError) {
        self.path = path
        number = error.number
        words = error.description
    }

    /// Names the path, what the kernel said, and the remedy where there is one.
    public var description: String {
        let remedy: String
        switch number {
        case ENOENT: remedy = "; make it, or name another"
        case ENOSPC: remedy = "; raise the sysctl fs.inotify.max_user_watches"
        case EMFILE: remedy = "; raise the sysctl fs.inotify.max_user_instances or the limit of open files"
        default: remedy = ""
        }
        return "the manifest directory \(path) cannot be watched: \(words)\(remedy)"
    }
}
