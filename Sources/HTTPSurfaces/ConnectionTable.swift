// SPDX-License-Identifier: GPL-2.0-or-later
import NIOCore
import Synchronization

/// The open connections of a server, in the order in which they began what they do.
final class ConnectionTable: Sendable {
    private struct Entry {
        let channel: any Channel
        let isFromNode: Bool
        /// Whether a request is being answered.
        var isBusy = false
        /// When it began to wait for a request, or to be answered.
        var since: UInt64
        var begun: ContinuousClock.Instant
        var requests = 0
        var pace: Pace
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        /// Counts beginnings, so that their order is known.
        var beginnings: UInt64 = 0
        var isClosing = false

        /// Takes out connections of a kind until no more than `count` are left, the least useful first: those that wait for a
        /// request, then those that are being answered; last of all those that have begun what they do a moment ago. A probe
        /// that has just connected waits for its request to arrive, while a flood of others is being answered.
        ///
        /// - Parameters:
        ///   - begun: Those that have begun what they do since then are last.
        ///   - sparesThem: Whether they stay all the same.
        mutating func takeOut(
            isFromNode: Bool,
            leaving count: Int,
            notSince begun: ContinuousClock.Instant,
            sparesThem: Bool
        ) -> [any Channel] {
            let equals = entries.filter { $0.value.isFromNode == isFromNode }
            guard equals.count > count else { return [] }
            func rank(_ entry: Entry) -> (Int, Int, UInt64) {
                entry.begun <= begun ? (0, entry.isBusy ? 1 : 0, entry.since) : (1, 0, entry.since)
            }
            let candidates = equals.filter { !sparesThem || $0.value.begun <= begun }
                .sorted { rank($0.value) < rank($1.value) }
            let victims = candidates.prefix(equals.count - count)
            for victim in victims { entries[victim.key] = nil }
            return victims.map(\.value.channel)
        }
    }

    private let state = Mutex(State())
    private let limits: ConnectionLimits
    private let shares: RequestShares

    init(_ limits: ConnectionLimits, _ shares: RequestShares) {
        self.limits = limits
        self.shares = shares
    }

    var count: Int { state.withLock { $0.entries.count } }

    /// Takes a new connection in. Where there are too many then, some have to go in a moment: those that have waited longest
    /// for a request, or else those that have longest not read their answer. So a client that sends its request and reads
    /// is served, however many others hold connections or come again at once. Those of the node itself do not compete with
    /// those from elsewhere.
    func add(_ channel: any Channel) {
        let isFromNode = channel.isFromNode
        let (victims, isOneTooMany) = state.withLock { state -> ([any Channel], Bool) in
            guard !state.isClosing else { return ([channel], false) }
            state.beginnings += 1
            state.entries[ObjectIdentifier(channel)] = Entry(
                channel: channel,
                isFromNode: isFromNode,
                since: state.beginnings,
                begun: .now,
                pace: Pace(rate: limits.requestsPerSecond, burst: limits.requestsPerSecond)
            )
            let count = state.entries.values.count { $0.isFromNode == isFromNode }
            return (
                state.takeOut(
                    isFromNode: isFromNode,
                    leaving: limits.mostConnections,
                    notSince: .now.advanced(by: .zero - limits.grace),
                    sparesThem: false
                ),
                count > limits.connections
            )
        }
        close(victims)
        guard isOneTooMany else { return }
        channel.eventLoop.scheduleTask(in: TimeAmount(limits.grace)) { [self] in
            let victims = state.withLock { state in
                state.takeOut(
                    isFromNode: isFromNode,
                    leaving: limits.connections,
                    notSince: .now.advanced(by: .zero - limits.grace),
                    sparesThem: true
                )
            }
            close(victims)
        }
    }

    private func close(_ channels: [any Channel]) {
        for channel in channels { channel.close(promise: nil) }
    }

    func remove(_ channel: any Channel) {
        state.withLock { $0.entries[ObjectIdentifier(channel)] = nil }
    }

    /// - Parameter isBusy: whether a request is being answered.
    /// - Returns: whether the connection is to be closed, because the server is.
    func note(_ channel: any Channel, isBusy: Bool) -> Bool {
        state.withLock { state in
            state.beginnings += 1
            state.entries[ObjectIdentifier(channel)]?.isBusy = isBusy
            state.entries[ObjectIdentifier(channel)]?.since = state.beginnings
            state.entries[ObjectIdentifier(channel)]?.begun = .now
            return state.isClosing && !isBusy
        }
    }

    /// - Returns: how long the next request of a connection has to wait; `nil` where it is one too many.
    func turn(of channel: any Channel, at now: ContinuousClock.Instant = .now) -> Duration? {
        let own = state.withLock { state -> (kind: RequestShares.Kind, wait: Duration)? in
            let id = ObjectIdentifier(channel)
            guard var entry = state.entries[id] else { return nil }
            let kind: RequestShares.Kind = entry.requests > 0 ? .further : entry.isFromNode ? .probe : .first
            entry.requests += 1
            guard let wait = entry.pace.wait(at: now, patience: limits.answerTime) else { return nil }
            state.entries[id] = entry
            return (kind, wait)
        }
        guard let own, let common = shares.wait(own.kind, at: now) else { return nil }
        return max(own.wait, common)
    }

    /// Closes all connections that wait for a request, now and from now on.
    func closeWaiting() {
        let waiting = state.withLock { state in
            state.isClosing = true
            return state.entries.values.filter { !$0.isBusy }.map(\.channel)
        }
        close(waiting)
    }

    func closeAll() {
        let all = state.withLock { state in
            state.isClosing = true
            return state.entries.values.map(\.channel)
        }
        close(all)
    }
}

extension Channel {
    /// Whether who is at the other end has the address that it reached us at: the kubelet's probes of a Pod in the node's
    /// network come from the node's own address, and no packet with it as its source comes in from elsewhere.
    fileprivate var isFromNode: Bool {
        guard let remote = remoteAddress?.ipAddress else { return false }
        return remote == localAddress?.ipAddress
    }
}
