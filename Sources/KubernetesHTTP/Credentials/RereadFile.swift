// SPDX-License-Identifier: GPL-2.0-or-later
import SmallFiles

/// The contents of a file that others replace from time to time, such as a token that rotates.
///
/// They are read again when they are older than a given age. client-go does so every minute for tokens.
struct RereadFile {
    let path: String
    /// Whether a file that was always empty is good.
    private let mayBeEmpty: Bool
    private let maximumAge: Duration
    private var contents: [UInt8]?
    private var readAt: ContinuousClock.Instant?

    init(path: String, maximumAge: Duration, mayBeEmpty: Bool = false) {
        self.path = path
        self.mayBeEmpty = mayBeEmpty
        self.maximumAge = maximumAge
    }

    /// - Throws: when the file cannot be read or is empty, and always was. Later the last contents serve on: a file that is
    ///   away for a moment, while it is being replaced, must not cost the connection.
    mutating func bytes() throws(FileProblem) -> [UInt8] {
        let now = ContinuousClock.now
        if let contents, let readAt, readAt.duration(to: now) < maximumAge { return contents }
        do throws(FileProblem) {
            let new = try SmallFile.read(path)
            guard !new.trimmedToken.isEmpty || (mayBeEmpty && contents?.isEmpty != false) else {
                throw FileProblem(explanation: "the file is empty")
            }
            contents = new
            readAt = now
            return new
        } catch {
            guard let contents else { throw error }
            return contents
        }
    }

    /// Makes the next `bytes()` read the file, however young the contents are.
    mutating func expire() {
        readAt = nil
    }
}
