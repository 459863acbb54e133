// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import KubernetesHTTP
public import KubernetesObjects

/// A change of endpoints in the cluster, as the EndpointSlice that tells of it dates it.
public struct ChangeTrigger: Hashable, Sendable {
    /// The Service whose endpoints changed.
    public var service: ObjectName
    public var family: IPFamily
    public var time: UnixTime

    /// - Parameter text: the annotation `endpoints.kubernetes.io/last-change-trigger-time`; one that is no RFC 3339 time
    ///   makes no trigger.
    public init?(_ slice: EndpointSlice, time text: String) {
        guard let time = UnixTime(rfc3339: text) else { return nil }
        self.init(service: slice.service, family: slice.family, time: time)
    }

    public init(service: ObjectName, family: IPFamily, time: UnixTime) {
        self.service = service
        self.family = family
        self.time = time
    }
}

/// Keeps what triggered the changes that are on their way to the kernel, until a pass has brought them there. Pure.
struct ProgrammingLatency {
    private struct FamilyState {
        var waiting: [UnixTime] = []
        /// Of the pass under way.
        var applied: [UnixTime] = []
    }

    /// Older triggers are of changes that somebody else has programmed, or nobody yet: kube-proxy leaves them out too.
    private let start: UnixTime
    private var states: [IPFamily: FamilyState]

    /// A family that stays broken for long must not fill the memory.
    static var limit: Int { 10_000 }

    init(families: [IPFamily], start: UnixTime) {
        self.start = start
        states = Dictionary(families.map { ($0, FamilyState()) }) { first, _ in first }
    }

    mutating func note(_ trigger: ChangeTrigger) {
        guard trigger.time > start, let plane = states[trigger.family],
            plane.waiting.count + plane.applied.count < Self.limit
        else { return }
        states[trigger.family]?.waiting.append(trigger.time)
    }

    /// A pass takes up all changes that have been noted.
    mutating func notePassStarted(_ family: IPFamily) {
        guard let plane = states[family] else { return }
        states[family] = FamilyState(waiting: [], applied: plane.applied + plane.waiting)
    }

    /// - Returns: how long the changes that the pass brought to the kernel took, from their triggers on. None if it failed:
    ///   those are then counted when a later one succeeds.
    mutating func notePassEnded(_ family: IPFamily, succeeded: Bool, at now: UnixTime) -> [Duration] {
        guard succeeded, let plane = states[family] else { return [] }
        states[family]?.applied = []
        // A control plane's clock that is ahead of this node's makes no negative time.
        return plane.applied.map { .microseconds(max(0, now.microseconds - $0.microseconds)) }
    }
}
