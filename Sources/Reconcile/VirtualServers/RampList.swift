// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

/// Real servers whose weight rises to their full one (slow start).
///
/// It is not saved anywhere. After a restart the kernel shows how far each has come: its weight is below the full one.
struct RampList {
    typealias Instant = ContinuousClock.Instant

    fileprivate struct Ramp {
        var start: Instant
        /// In seconds.
        var duration: UInt32
        /// The wanted one, which it comes to.
        var full: UInt32
        /// The one that it has now. It changes with `step` alone, so that a reading in between finds what is wanted.
        var weight: UInt32

        func elapsed(at now: Instant) -> UInt32 {
            UInt32(clamping: start.duration(to: now).components.seconds)
        }
    }

    private var ramps: [VirtualServer.ID: [RealServer.ID: Ramp]] = [:]
    private var lastStep: Instant?

    /// How often weights rise.
    static var interval: Duration { .seconds(1) }

    var isEmpty: Bool { ramps.isEmpty }

    /// When weights are to rise next; `nil` when none does.
    var nextStep: Instant? { isEmpty ? nil : lastStep?.advanced(by: Self.interval) }

    /// What is wanted of a virtual server now: its real servers, but for those whose weight rises with the weight that they have
    /// come to. The weight of a new one begins to rise with this.
    ///
    /// A real server is new where the kernel lacks it, or has it with weight 0: it has been away. Where the kernel has none that
    /// takes connections and stays, nothing rises: there is nobody to take the load off the new ones.
    ///
    /// - Parameters:
    ///   - duration: over how many seconds the weight of a new one rises; 0 for none.
    ///   - present: what the kernel has; `nil` where it has no such virtual server.
    ///   - isHalfWritten: whether more of it is being written: what the kernel lacks of it then need not be new.
    mutating func entry(
        _ wanted: IPVSTable.Entry,
        of id: VirtualServer.ID,
        over duration: UInt32,
        present: IPVSTable.Entry?,
        isHalfWritten: Bool,
        at now: Instant
    ) -> IPVSTable.Entry {
        guard duration > 0 || !isEmpty && ramps[id] != nil else { return wanted }
        guard duration > 0 else {
            removeAll(of: id)
            return wanted
        }
        let weights = Dictionary(
            (present?.realServers ?? []).lazy.map { ($0.id, $0.weight) }, uniquingKeysWith: { first, _ in first })
        let former = ramps[id] ?? [:]
        let serves = !isHalfWritten && wanted.realServers.contains { weights[$0.id, default: 0] > 0 }
        var rising: [RealServer.ID: Ramp] = [:]
        for server in wanted.realServers {
            if var ramp = former[server.id], weights[server.id] != 0 {
                ramp.follow(server.weight, duration, at: now)
                rising[server.id] = ramp
            } else if serves, weights[server.id, default: 0] == 0 {
                let weight = SlowStart.weight(full: server.weight, after: 0, of: duration)
                rising[server.id] = Ramp(start: now, duration: duration, full: server.weight, weight: weight)
            }
        }
        replace(rising, of: id, at: now)
        return self.entry(wanted, of: id)
    }

    /// The same without a look at what is new.
    func entry(_ wanted: IPVSTable.Entry, of id: VirtualServer.ID) -> IPVSTable.Entry {
        guard !isEmpty, let rising = ramps[id] else { return wanted }
        var entry = wanted
        for index in entry.realServers.indices {
            guard let ramp = rising[entry.realServers[index].id], ramp.weight < entry.realServers[index].weight else {
                continue
            }
            entry.realServers[index].weight = ramp.weight
        }
        return entry
    }

    /// Takes over how far the real servers of a virtual server have come that an earlier process had let rise.
    mutating func adopt(
        _ found: IPVSTable.Entry,
        wanted: IPVSTable.Entry,
        of id: VirtualServer.ID,
        over duration: UInt32,
        at now: Instant
    ) {
        guard duration > 0 else { return }
        let weights = Dictionary(
            found.realServers.lazy.map { ($0.id, $0.weight) }, uniquingKeysWith: { first, _ in first })
        var rising = ramps[id] ?? [:]
        for server in wanted.realServers where rising[server.id] == nil {
            guard let weight = weights[server.id],
                let elapsed = SlowStart.elapsed(at: weight, full: server.weight, of: duration)
            else { continue }
            let start = now.advanced(by: .seconds(-Int64(elapsed)))
            rising[server.id] = Ramp(start: start, duration: duration, full: server.weight, weight: weight)
        }
        replace(rising, of: id, at: now)
    }

    /// Lets the weights rise that are due, and ends what has come to its full weight.
    ///
    /// - Parameter table: what the kernel has. What it lacks is written later, with the weight of then.
    /// - Returns: the changes, in order.
    mutating func step(at now: Instant, in table: IPVSTable) -> [IPVSChange] {
        guard let nextStep, nextStep <= now else { return [] }
        lastStep = now
        var changes: [IPVSChange] = []
        for id in ramps.keys.sorted() {
            var rising = ramps[id] ?? [:]
            for server in rising.keys.sorted() {
                guard var ramp = rising[server] else { continue }
                let due = SlowStart.weight(full: ramp.full, after: ramp.elapsed(at: now), of: ramp.duration)
                let weight = max(due, ramp.weight)
                if var present = table.realServer(server, of: id), present.weight > 0, present.weight != weight {
                    present.weight = weight
                    changes.append(.editRealServer(present, of: id))
                }
                ramp.weight = weight
                rising[server] = weight < ramp.full ? ramp : nil
            }
            replace(rising, of: id, at: now)
        }
        return changes
    }

    mutating func removeAll(of id: VirtualServer.ID) {
        // Also where the table is empty, a look into it hashes.
        if !isEmpty { ramps[id] = nil }
    }

    private mutating func replace(_ rising: [RealServer.ID: Ramp], of id: VirtualServer.ID, at now: Instant) {
        if isEmpty { lastStep = now }
        ramps[id] = rising.isEmpty ? nil : rising
    }
}

extension RampList.Ramp {
    /// Takes over another full weight and another duration. The weight stays as it is until the next step.
    fileprivate mutating func follow(_ full: UInt32, _ duration: UInt32, at now: RampList.Instant) {
        self.full = full
        weight = min(weight, full)
        guard self.duration != duration else { return }
        // As far as it has come, in the new measure.
        let done = min(UInt64(elapsed(at: now)), UInt64(self.duration)) * UInt64(duration) / UInt64(self.duration)
        start = now.advanced(by: .seconds(-Int64(done)))
        self.duration = duration
    }
}
