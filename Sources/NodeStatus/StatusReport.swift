// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

/// The status of a running daemon and of its node, at one moment. `docs/inspection.md` has its form as JSON.
///
/// Moments are told by how long ago they are, in seconds of a clock that nobody sets.
public struct StatusReport: Hashable, Sendable {
    /// Raised when a key of the JSON goes or changes its meaning. New keys may come without.
    public static let schemaVersion: Int64 = 1

    /// By the node's clock, as RFC 3339 has it.
    public var time: String
    public var node: String
    /// Of the daemon.
    public var version: String
    /// How long the daemon has run, in seconds.
    public var uptime: Int64
    /// Where the objects come from.
    public var source: String
    /// Whether the node is to get traffic of load balancers: it is not about to go.
    public var isNodeEligible = true
    public var families: [FamilyStatus] = []
    /// What is followed at the source, by its name.
    public var watches: [WatchStatus] = []
    /// Objects of which something could not be used, the newest first: no more than `mostNamed`.
    public var rejected: [RejectedObject] = []
    /// All of them.
    public var rejectedCount = 0
    /// Settings of the kernel that are not as the data plane needs them and cannot be written.
    public var settings: [UnwrittenSetting] = []
    /// What a dry run finds; `nil` where the daemon writes.
    public var dryRun: DryRunStatus?
    /// What other programs had changed in the last 24 hours, the newest first: no more than `mostNamed`.
    public var repaired: [RepairedObject] = []

    /// How many objects are reported by name.
    public static var mostNamed: Int { 20 }

    public init(time: String, node: String, version: String, uptime: Int64, source: String) {
        self.time = time
        self.node = node
        self.version = version
        self.uptime = uptime
        self.source = source
    }
}

/// One family's part of the data plane.
public struct FamilyStatus: Hashable, Sendable {
    public struct Pass: Hashable, Sendable {
        /// `changes` or `verify`.
        public var mode: String
        /// Seconds since it ended.
        public var age: Int64
        public var milliseconds: Int64
    }

    /// A part of the data plane that could not be read or written, and works not again yet.
    public struct Failure: Hashable, Sendable {
        public var part: String
        public var error: String
        /// Seconds since it appeared.
        public var age: Int64
    }

    /// An object that the kernel does not accept.
    public struct Refused: Hashable, Sendable {
        /// What was attempted, which names the object.
        public var attempt: String
        public var error: String
    }

    public struct SetFill: Hashable, Sendable {
        /// In the kernel.
        public var name: String
        public var entries: Int
        /// How many fit in.
        public var capacity: Int
    }

    public var family: IPFamily
    /// As `/healthz` has it: a pass has succeeded, and no change has waited for too long.
    public var isHealthy = false
    /// Seconds since the last verifying pass ended that found or made everything as it is wanted; `nil` before the first.
    public var lastCompletePass: Int64?
    public var lastPass: Pass?
    public var failures: [Failure] = []
    public var virtualServers = 0
    /// Of the virtual servers, those that several Service ports want.
    public var contestedServers = 0
    public var realServers = 0
    /// Removed real servers that keep their connections for now.
    public var draining = 0
    /// No more than `StatusReport.mostNamed`.
    public var refused: [Refused] = []
    public var refusedCount = 0
    public var sets: [SetFill] = []
    /// Objects that other programs had changed and that were put right in the last 24 hours, by their kind.
    public var drift: [DriftCount] = []

    public init(_ family: IPFamily) {
        self.family = family
    }
}

/// What a dry run finds otherwise in the kernel than it is wanted.
public struct DryRunStatus: Hashable, Sendable {
    public var differences = 0
    /// What is to be done with each, in words: no more than `StatusReport.mostNamed`.
    public var names: [String] = []

    public init(differences: Int = 0, names: [String] = []) {
        self.differences = differences
        self.names = names
    }
}

public struct DriftCount: Hashable, Sendable {
    /// As the metric `kubeipvs_drift_repaired_total` names it.
    public var kind: String
    public var count: Int
}

/// What is followed at the source of objects.
public struct WatchStatus: Hashable, Sendable {
    public enum State: String, CaseIterable, Hashable, Sendable {
        /// All objects are being asked for.
        case listing
        case watching
        /// A list or a watch failed, and is to be tried again.
        case failed
    }

    public var resource: String
    public var state: State
    /// Seconds since something last came of it, a list, a watch or an object; `nil` where nothing has.
    public var lastEvent: Int64?
    /// Seconds since the watch failed; `nil` where it has not.
    public var failedSince: Int64?
    public var error: String?

    public init(resource: String, state: State) {
        self.resource = resource
        self.state = state
    }
}

/// An object of which something could not be used.
public struct RejectedObject: Hashable, Sendable {
    /// Kind, namespace and name, field, and what is wrong.
    public var text: String
    /// Seconds since it was seen.
    public var age: Int64
}

public struct UnwrittenSetting: Hashable, Sendable {
    /// Such as `net/ipv4/vs/conntrack = 1`.
    public var setting: String
    public var error: String
}

public struct RepairedObject: Hashable, Sendable {
    public var name: String
    /// Seconds since.
    public var age: Int64
}

extension StatusReport {
    /// What is not as it should be, the weightiest first; empty where all is.
    public var troubles: [String] {
        var troubles: [String] = []
        for family in families {
            troubles += family.failures.map { "\(family.family): \($0.part): \($0.error), for \(ageText($0.age))" }
            if !family.isHealthy {
                troubles.append(
                    family.lastCompletePass == nil
                        ? "\(family.family): no pass has been complete yet"
                        : "\(family.family): changes have waited for too long")
            }
        }
        for watch in watches where watch.state == .failed {
            let since = watch.failedSince.map { ", for \(ageText($0))" } ?? ""
            troubles.append("\(watch.resource): \(watch.error ?? "the watch has failed")\(since)")
        }
        for family in families where family.refusedCount > 0 {
            troubles.append("\(family.family): the kernel does not accept \(family.refusedCount) objects")
        }
        if let dryRun, dryRun.differences > 0 {
            troubles.append("dry run: the kernel differs from what is wanted in \(dryRun.differences) objects")
        }
        troubles += settings.map { "\($0.setting) cannot be kept: \($0.error)" }
        if !isNodeEligible { troubles.append("the node is about to go, and is to get no new traffic") }
        return troubles
    }
}

/// Such as `12 s`, `3 min`, `2 h 5 min`, `4 d 3 h`.
public func ageText(_ seconds: Int64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400)
    if days > 0 { return "\(days) d \(hours % 24) h" }
    if hours > 0 { return "\(hours) h \(minutes % 60) min" }
    return minutes > 0 ? "\(minutes) min" : "\(max(0, seconds)) s"
}
