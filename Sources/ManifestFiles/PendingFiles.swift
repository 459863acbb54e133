// SPDX-License-Identifier: GPL-2.0-or-later
/// Which files are to be read, after the events of a directory.
///
/// A truncated YAML file can be a good one, so a file that somebody is writing is left alone until its writer has closed
/// it, another file was moved over it, or it was deleted.
struct PendingFiles {
    /// Whether everything is to be read: events were lost, or a ConfigMap's files were exchanged.
    private(set) var includesAll = false
    /// Whether what is watched is no longer the directory at the path.
    private(set) var hasLostDirectory = false
    private var touched: Set<String> = []
    private var unfinished: Set<String> = []
    /// Made, and closed by no writer so far.
    private var created: Set<String> = []

    /// The symlink through which the kubelet exchanges all files of a ConfigMap volume at once.
    static let configMapData = "..data"

    var isEmpty: Bool { !includesAll && !hasLostDirectory && ready.isEmpty }

    /// The files that can be read now.
    var ready: Set<String> { touched.subtracting(unfinished) }

    /// Files that somebody was writing when they were last heard of.
    var beingWritten: Set<String> { unfinished }

    /// Whether the file was exchanged, deleted or closed by a writer since it was taken.
    func isTouched(_ file: String) -> Bool { touched.contains(file) }

    /// Whether the file was made a moment ago by one who may be about to write it, or who has linked it in.
    func isNew(_ file: String) -> Bool { created.contains(file) }

    func isBeingWritten(_ file: String) -> Bool { unfinished.contains(file) }

    mutating func note(_ event: DirectoryEvent) {
        if event.kinds.contains(.overflow) {
            // Whether a writer has closed its file may be among what was lost.
            includesAll = true
            unfinished = []
            created = []
        } else if !event.kinds.isDisjoint(with: .endsWatch) {
            hasLostDirectory = true
        } else if event.name == Self.configMapData {
            includesAll = true
        } else if ManifestFormat(fileName: event.name) != nil {
            noteFile(event)
        }
    }

    private mutating func noteFile(_ event: DirectoryEvent) {
        let name = event.name
        if event.kinds.contains(.modified) {
            unfinished.insert(name)
        } else if !event.kinds.isDisjoint(with: [.created, .attributesChanged]) {
            touched.insert(name)
            if event.kinds.contains(.created) { created.insert(name) }
        } else {
            touched.insert(name)
            unfinished.remove(name)
            created.remove(name)
        }
    }

    /// The file is not read before its writer closes it.
    mutating func awaitWriter(of file: String) {
        unfinished.insert(file)
    }

    mutating func addAll() {
        includesAll = true
    }

    /// Another directory is watched now; nothing that was seen of the one before counts.
    mutating func startOver() {
        self = PendingFiles()
        includesAll = true
    }

    /// The files are read now: only what happens from here on counts.
    mutating func take(_ files: Set<String>) {
        touched.subtract(files)
    }

    /// Whether everything is to be read, once.
    mutating func takeAll() -> Bool {
        defer { includesAll = false }
        return includesAll
    }

    /// The file was read, and nobody was writing it.
    mutating func finish(_ file: String) {
        unfinished.remove(file)
        created.remove(file)
    }
}
