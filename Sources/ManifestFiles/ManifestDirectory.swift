// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// A directory of manifests: files `*.yaml`, `*.yml` and `*.json` with Services, EndpointSlices and Nodes as single
/// objects, as documents divided by `---`, or as a `List`.
///
/// Subdirectories and hidden files are not looked at. A symlink is followed, so a ConfigMap volume can be such a directory;
/// a change of a file elsewhere that a symlink leads to is not noticed.
///
/// A file is read object by object: each may be as large as `DocumentLimits.file` allows. A YAML document that cannot be read keeps what it
/// held, and the other documents of its file count. No further mistakes of the file are reported.
public struct ManifestDirectory: Sendable {
    /// The directory's path.
    public var path: String
    /// How long nothing may happen in the directory before a change is taken up.
    public var quietPeriod: Duration = .milliseconds(30)
    /// How long a change waits for quiet at most.
    public var longestGathering: Duration = .milliseconds(500)
    /// How often it is looked whether the directory still is the one at the path, and looked for while there is none.
    public var checkInterval: Duration = .seconds(2)
    /// Larger files are not read. In bytes: a file is held whole while it is read.
    public var largestFile = 64 << 20
    /// Whether the kernel is asked, besides its events, who has a file open for writing. Not every file system can say.
    var asksForWriters = true

    public init(path: String) {
        self.path = path
    }

    /// The objects of the directory: first all of them, then every change.
    ///
    /// A file that cannot be parsed keeps its last good version, and a file is not read while somebody is writing it: that
    /// the kernel is asked by a lease (fcntl(2)), which local file systems give. Elsewhere its events must do, and a writer
    /// who opens a file at the very moment it is read may be overlooked until it closes the file.
    ///
    /// The sequence ends with the cancellation of the task that iterates over it.
    ///
    /// - Throws: When there is no such directory, or it cannot be watched.
    public func updates() throws(ManifestDirectoryError) -> ManifestUpdates {
        let cancel: CancelSignal
        do throws(SystemError) {
            cancel = try CancelSignal()
        } catch {
            throw ManifestDirectoryError(path: path, error)
        }
        return ManifestUpdates(reader: try ManifestReader(self, cancel: cancel), cancel: cancel)
    }
}

/// The changes of a directory of manifests, for one consumer. Nothing is read until it asks.
public struct ManifestUpdates: AsyncSequence, Sendable {
    fileprivate let reader: ManifestReader
    fileprivate let cancel: CancelSignal

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let updates: ManifestUpdates

        public mutating func next() async -> ManifestUpdate? {
            let updates = updates
            return await withTaskCancellationHandler {
                await updates.reader.next()
            } onCancel: {
                updates.cancel.raise()
            }
        }
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(updates: self)
    }
}
