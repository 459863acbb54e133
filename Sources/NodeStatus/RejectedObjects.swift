// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// The objects of which something could not be used, and cannot still. Pure: the instants are arguments.
struct RejectedObjects: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Key: Hashable {
        var kind: String
        var name: ObjectName
    }

    private struct Entry {
        /// The first of its rejections, as a sentence.
        var text: String
        var at: Instant
    }

    private var entries: [Key: Entry] = [:]
    /// Of more than that nobody reads the names: they are counted in the metrics.
    static var mostKept: Int { 1000 }

    var count: Int { entries.count }

    mutating func note(_ rejection: Rejection, at now: Instant) {
        let key = Key(kind: rejection.kind, name: rejection.object)
        if let known = entries[key], known.at == now { return }
        guard entries[key] != nil || entries.count < Self.mostKept else { return }
        entries[key] = Entry(text: "\(rejection)", at: now)
    }

    mutating func remove(_ kind: String, _ name: ObjectName) {
        guard !entries.isEmpty else { return }
        entries[Key(kind: kind, name: name)] = nil
    }

    /// No more than are reported by name.
    func newest(at now: Instant) -> [RejectedObject] {
        entries.values.sorted { ($1.at, $0.text) < ($0.at, $1.text) }.prefix(StatusReport.mostNamed)
            .map { RejectedObject(text: $0.text, age: max(0, $0.at.duration(to: now).components.seconds)) }
    }
}
