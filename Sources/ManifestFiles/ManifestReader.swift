// SPDX-License-Identifier: GPL-2.0-or-later
import BlockingExecution
import CGNUSource
import KubernetesObjects

/// Reads a directory's manifests, now and whenever they change.
///
/// Its thread blocks in `poll(2)`, in file reads and in parsing, hence its own executor.
actor ManifestReader {
    private let executor = BlockingExecutor(label: "manifests")
    private let settings: ManifestDirectory
    private let contents: DirectoryContents
    private let cancel: CancelSignal
    private var watch: DirectoryWatch

    private var pending = PendingFiles()
    private var manifests = ManifestSet()
    private var interner = StringInterner()
    /// What the parsed content of each file was, so that a file that was only touched is not parsed.
    private var fingerprints: [String: Int] = [:]
    private var directoryFailure: String?
    private var isFirst = true
    /// Whether the files that somebody was writing are to be looked at again: not every writer's end is an event here. One
    /// may have come by another link, or through truncate(2).
    private var looksAtUnfinished = false
    private var toldKinds: [String: Int] = [:]

    init(_ settings: ManifestDirectory, cancel: CancelSignal) throws(ManifestDirectoryError) {
        // A file is held while it is read, and the heap would keep its room.
        return_large_memory()
        self.settings = settings
        self.cancel = cancel
        contents = DirectoryContents(
            path: settings.path,
            largestFile: settings.largestFile,
            asksForWriters: settings.asksForWriters
        )
        do throws(SystemError) {
            // Watched before it is read, so that no change falls in between.
            watch = try DirectoryWatch(settings.path, cancel: cancel)
        } catch {
            throw ManifestDirectoryError(path: settings.path, error)
        }
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// The first time everything, then what changed; blocks until something does. `nil` after cancellation.
    func next() -> ManifestUpdate? {
        if isFirst {
            isFirst = false
            pending.addAll()
            let update = readPending()
            toldKinds = update.otherKinds
            return update
        }
        while waitForChange() {
            let update = readPending()
            if !update.changesNothing || !update.reports.isEmpty || update.otherKinds != toldKinds {
                toldKinds = update.otherKinds
                return update
            }
        }
        return nil
    }

    /// Waits until there is something to read and the directory has been quiet for a moment: one who writes many files, or
    /// deletes and makes the directory, is seen to do so at once. `false` after cancellation.
    private func waitForChange() -> Bool {
        let clock = ContinuousClock()
        var deadline: ContinuousClock.Instant?
        while true {
            let isIdle = pending.isEmpty
            if isIdle {
                deadline = nil
            } else if let deadline, clock.now >= deadline {
                return true
            }
            do throws(SystemError) {
                switch try watch.wait(isIdle ? settings.checkInterval : settings.quietPeriod) {
                case .cancelled: return false
                case .events(let events): note(events)
                case .timeout:
                    if !isIdle { return true }
                    looksAtUnfinished = !pending.beingWritten.isEmpty
                    if looksAtUnfinished || directoryFailure != nil || !watch.isCurrent { return true }
                }
            } catch {
                directoryFailure = "the directory \(settings.path) cannot be watched: \(error)"
                return true
            }
            if deadline == nil, !pending.isEmpty { deadline = clock.now + settings.longestGathering }
        }
    }

    private func note(_ events: [DirectoryEvent]) {
        for event in events { pending.note(event) }
    }

    /// The events that are there by now. A failure to read them shows in the next wait too, and is told of there.
    private func noteEvents() {
        note((try? watch.events()) ?? [])
    }

    private func readPending() -> ManifestUpdate {
        findDirectory()
        guard directoryFailure == nil else { return manifests.update([:], directoryFailure: directoryFailure) }

        let unfinished = looksAtUnfinished ? pending.beingWritten : []
        looksAtUnfinished = false
        var names = pending.ready.union(unfinished)
        if pending.takeAll() {
            do throws(SystemError) {
                names.formUnion(try contents.manifestNames())
                names.formUnion(manifests.fileNames)
            } catch {
                pending.addAll()
                directoryFailure = "the directory \(settings.path) cannot be read: \(error)"
                return manifests.update([:], directoryFailure: directoryFailure)
            }
        }
        pending.take(names)
        var changes: [String: ManifestSet.FileChange] = [:]
        for name in names.sorted() {
            if let change = read(name, isLate: unfinished.contains(name)) { changes[name] = change }
        }
        return manifests.update(changes)
    }

    /// Makes sure that the watched directory is the one at the path. While there is none, all objects stay.
    private func findDirectory() {
        if !pending.hasLostDirectory, directoryFailure == nil, watch.isCurrent { return }
        do throws(SystemError) {
            try watch.start()
            pending.startOver()
            directoryFailure = nil
        } catch {
            // What was seen of the files was the directory's end.
            pending = PendingFiles()
            directoryFailure = "the directory \(settings.path) is gone, and its last state is kept: \(error)"
        }
    }

    /// What became of a file; `nil` when it is as before, or when somebody is writing it.
    ///
    /// - Parameter isLate: Its writer has had time to close it.
    private func read(_ name: String, isLate: Bool) -> ManifestSet.FileChange? {
        let file = contents.read(name)
        if case .bytes(let bytes, isWhole: false) = file, bytes.isEmpty, manifests.holdsObjects(name) {
            // Perhaps somebody has just opened it to write it anew, and the kernel is about to say so.
            if case .events(let events)? = try? watch.wait(settings.quietPeriod) { note(events) }
        }
        noteEvents()
        // Another version is there already, and what was read may be a part of it.
        if pending.isTouched(name) { return nil }

        switch file {
        case .beingWritten:
            return awaitWriter(of: name, isLate: isLate)
        case .bytes(_, isWhole: false) where pending.isBeingWritten(name):
            return awaitWriter(of: name, isLate: isLate)
        case .bytes(let bytes, isWhole: false) where bytes.isEmpty && pending.isNew(name):
            return awaitWriter(of: name, isLate: isLate)
        case .bytes(let bytes, _):
            pending.finish(name)
            return parse(bytes, of: name)
        case .absent:
            pending.finish(name)
            fingerprints[name] = nil
            return manifests.fileNames.contains(name) ? .removed : nil
        case .failure(let reason):
            fingerprints[name] = nil
            return .failure(line: nil, reason: reason)
        }
    }

    /// What is told of a file that is left to its writer: nothing, until that has taken long.
    private func awaitWriter(of name: String, isLate: Bool) -> ManifestSet.FileChange? {
        pending.awaitWriter(of: name)
        guard isLate else { return nil }
        fingerprints[name] = nil
        return .beingWritten
    }

    private func parse(_ bytes: [UInt8], of name: String) -> ManifestSet.FileChange? {
        guard let format = ManifestFormat(fileName: name) else { return nil }
        let fingerprint = bytes.hashValue
        guard fingerprints[name] != fingerprint else { return nil }
        fingerprints[name] = fingerprint
        do throws(DocumentSyntaxError) {
            let known = manifests.objects(of: name)
            return .content(try ManifestContent(of: bytes, format: format, interner: &interner, known: known))
        } catch {
            return .failure(line: error.line, reason: error.reason)
        }
    }
}
