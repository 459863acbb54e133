// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import DataplaneModel

/// What a pass would change in the kernel, one for each object: what other programs' objects lack or have besides.
public struct KernelDifferences: Hashable, Sendable {
    /// An object, whatever is to be done with it.
    public struct Object: Hashable, Sendable {
        public var kind: RehearsedChange.Kind
        var family: IPFamily?
        var subject: RehearsedChange.Subject?
        var realServer: RealServer.ID?
        /// Where nothing else names it.
        var name = ""

        public init(rule name: String, _ family: IPFamily) {
            kind = .rule
            self.family = family
            self.name = name
        }

        init(_ change: RehearsedChange) {
            kind = change.kind
            family = change.family
            subject = change.subject
            realServer = change.realServer
            if subject == nil { name = change.description }
        }
    }

    /// With what is to be done with it, in words.
    public private(set) var objects: [Object: String] = [:]

    public init(_ objects: [Object: String] = [:]) {
        self.objects = objects
    }

    /// What belongs to an object that is to be made, or to go, is not counted beside it.
    public init(of changes: some Sequence<RehearsedChange>) {
        let changes = changes.filter { $0.kind.counts && !$0.isOptional }
        var whole: Set<RehearsedChange.Subject> = []
        var sets: Set<String?> = []
        for change in changes where change.effect != .edit {
            if change.kind == .virtualServer, let subject = change.subject { whole.insert(subject) }
        }
        for change in changes where change.kind == .set && change.effect == .add { sets.insert(change.setName) }
        let makesLink = changes.contains { $0.kind == .link }
        for change in changes {
            switch change.kind {
            case .realServer where change.subject.map(whole.contains) ?? false: continue
            case .setEntry where sets.contains(change.setName): continue
            case .address where makesLink: continue
            // A set of another kind is replaced: a new one is made, swapped in, and the old one destroyed.
            case .set where change.effect != .add: continue
            default: break
            }
            let object = Object(change)
            objects[object] = objects[object] ?? change.description
        }
    }

    public var count: Int { objects.count }
    public var isEmpty: Bool { objects.isEmpty }

    public func count(_ kind: RehearsedChange.Kind) -> Int {
        objects.keys.count { $0.kind == kind }
    }

    /// In a steady order.
    public var names: [String] { objects.values.sorted() }

    public mutating func add(_ others: KernelDifferences) {
        objects.merge(others.objects) { first, _ in first }
    }

    /// Those that were there before too.
    public func confirmed(by before: KernelDifferences) -> KernelDifferences {
        KernelDifferences(objects.filter { before.objects[$0.key] != nil })
    }

    /// Those that were not there before.
    public func added(since before: KernelDifferences) -> KernelDifferences {
        KernelDifferences(objects.filter { before.objects[$0.key] == nil })
    }

    /// Whether there are some that were not there before.
    public func hasNews(since before: KernelDifferences) -> Bool {
        objects.keys.contains { before.objects[$0] == nil }
    }
}

extension PassReport {
    /// The report of a pass over a rehearsal: nothing has been written, and nothing put right.
    public var ofRehearsal: PassReport {
        var report = PassReport(family: family, mode: mode)
        report.standing = standing
        report.statistics = statistics
        report.failures = failures
        report.degradedSettings = degradedSettings
        return report
    }
}
