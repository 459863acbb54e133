// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// The objects of all files together, and what of them was told already.
///
/// Where two documents are the same object, the first by file name and position counts. A change costs what the changed
/// files hold.
struct ManifestSet {
    /// What became of a file.
    enum FileChange {
        case content(ManifestContent)
        /// The file could not be read or parsed. What it held before stays.
        case failure(line: Int?, reason: String)
        /// Somebody has been writing the file for a while. What it held before stays.
        case beingWritten
        case removed
    }

    /// Where an object stands. Ordered by what wins.
    private struct Place: Hashable, Comparable {
        var file: String
        /// Among the file's objects.
        var position: Int

        static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.file, lhs.position) < (rhs.file, rhs.position)
        }
    }

    /// What an object was before an update. In a box, as one update may have thousands of them.
    private indirect enum Former {
        case absent
        case object(KubernetesObject)

        init(_ object: KubernetesObject?) {
            self = object.map(Self.object) ?? .absent
        }

        var object: KubernetesObject? {
            if case .object(let object) = self { object } else { nil }
        }
    }

    private var files: [String: ManifestFileVersion] = [:]
    private var failures: [String: Finding] = [:]
    /// Of each object, in order.
    private var places: [KubernetesObject.ID: [Place]] = [:]
    private var duplicates: [KubernetesObject.ID: [Finding]] = [:]
    private var directoryFailure: Finding?
    private var findings = FindingLedger()
    private var otherKinds: [String: Int] = [:]

    var fileNames: Set<String> { Set(files.keys).union(failures.keys) }

    func holdsObjects(_ file: String) -> Bool {
        files[file].map { !$0.objects.isEmpty } ?? false
    }

    /// The objects that a file held when it was last good, to be looked up.
    func objects(of file: String) -> (KubernetesObject.ID) -> KubernetesObject? {
        guard let version = files[file] else { return { _ in nil } }
        return { version.object($0) }
    }

    /// Applies what became of some files, and of the directory itself.
    ///
    /// - Parameter directoryFailure: Why the directory cannot be read now.
    mutating func update(_ changes: [String: FileChange], directoryFailure reason: String? = nil) -> ManifestUpdate {
        var before: [KubernetesObject.ID: Former] = [:]
        var update = ManifestUpdate()

        setDirectoryFailure(reason)
        for (file, change) in changes.sorted(by: { $0.key < $1.key }) {
            switch change {
            case .content(let content):
                setFailure(nil, of: file)
                replace(file, with: ManifestFileVersion(content, file: file, previous: files[file]), &before)
            case .failure(let line, let reason):
                let kept = holdsObjects(file) ? "; its last good version is kept" : ""
                setFailure(ManifestReport(.error, file: file, line: line, message: reason + kept), of: file)
            case .beingWritten:
                let message = "somebody is writing the file; it is read when that one closes it"
                setFailure(ManifestReport(.notice, file: file, message: message), of: file)
            case .removed:
                setFailure(nil, of: file)
                replace(file, with: nil, &before)
            }
        }
        for (id, old) in before.sorted(by: { $0.key < $1.key }) {
            refreshDuplicates(of: id)
            let new = object(id)
            guard new != old.object else { continue }
            if let new { update.add(new) } else { update.remove(id) }
        }
        update.reports = findings.takeNew().shortened
        update.otherKinds = otherKinds
        return update
    }

    private func object(_ id: KubernetesObject.ID) -> KubernetesObject? {
        guard let place = places[id]?.first else { return nil }
        return files[place.file]?.objects[place.position].object
    }

    private mutating func replace(
        _ file: String,
        with version: ManifestFileVersion?,
        _ before: inout [KubernetesObject.ID: Former]
    ) {
        let old = files[file]
        for id in Set((old?.ids ?? []) + (version?.ids ?? [])) where before[id] == nil {
            // What only this file has, and as before, is no change.
            let isRepeated = version?.repeated.contains(id) ?? false
            if let object = old?.object(id), object == version?.object(id), places[id]?.count == 1, !isRepeated {
                continue
            }
            before[id] = Former(object(id))
        }

        for id in Set(old?.ids ?? []) {
            places[id]?.removeAll { $0.file == file }
            if places[id]?.isEmpty == true { places[id] = nil }
        }
        findings.retire(old?.findings ?? [])
        for (kind, count) in old?.otherKinds ?? [:] {
            otherKinds[kind, default: 0] -= count
            if otherKinds[kind] == 0 { otherKinds[kind] = nil }
        }

        files[file] = version
        // All of a file at once: one that has the same object thousands of times is not searched for each.
        var added: [KubernetesObject.ID: [Place]] = [:]
        for (position, id) in (version?.ids ?? []).enumerated() {
            added[id, default: []].append(Place(file: file, position: position))
        }
        for (id, new) in added {
            var known = places[id] ?? []
            known.insert(contentsOf: new, at: known.firstIndex { $0.file > file } ?? known.endIndex)
            places[id] = known
        }
        findings.raise(version?.findings ?? [])
        for (kind, count) in version?.otherKinds ?? [:] {
            otherKinds[kind, default: 0] += count
        }
    }

    private mutating func refreshDuplicates(of id: KubernetesObject.ID) {
        findings.retire(duplicates.removeValue(forKey: id) ?? [])
        guard let known = places[id], known.count > 1, let winner = known.first else { return }
        let winnerLine = line(of: winner)
        let found = known.dropFirst().enumerated().map { index, place in
            Finding(
                ManifestReport(
                    .warning,
                    file: place.file,
                    line: line(of: place),
                    object: id.description,
                    field: "metadata.name",
                    message: "the same object is in \(winner.file):\(winnerLine), which is used; this one is not"
                ),
                // Without lines, which every edit above an object changes.
                identity: "duplicate \(index) of \(winner.file)"
            )
        }
        duplicates[id] = found
        findings.raise(found)
    }

    private func line(of place: Place) -> Int {
        files[place.file]?.objects[place.position].line ?? 1
    }

    private mutating func setFailure(_ report: ManifestReport?, of file: String) {
        let old = failures.removeValue(forKey: file)
        findings.retire(old.map { [$0] } ?? [])
        guard let report else { return }
        let found = Finding(report, identity: "\(report.line ?? 0): \(report.message)")
        failures[file] = found
        findings.raise([found])
    }

    private mutating func setDirectoryFailure(_ reason: String?) {
        findings.retire(directoryFailure.map { [$0] } ?? [])
        directoryFailure = reason.map { reason in
            Finding(ManifestReport(.error, message: reason), identity: reason)
        }
        findings.raise(directoryFailure.map { [$0] } ?? [])
    }
}
