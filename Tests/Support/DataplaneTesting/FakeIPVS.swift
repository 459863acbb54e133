// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel
public import Reconcile

/// The kernel's IPVS as a model: it keeps a table and refuses what the kernel refuses.
public final class FakeIPVS: IPVSDataplane {
    /// What is there now; assign to change it behind the daemon's back.
    public var table = IPVSTable()
    /// Firewall-mark services, which nobody may touch.
    public var firewallMarks: [UInt32] = []
    /// Every change that took effect, in order.
    public private(set) var applied: [IPVSChange] = []
    /// The number of changes in each exchange.
    public private(set) var exchanges: [Int] = []
    public private(set) var listingCount = 0
    /// Virtual servers that were read one by one.
    public private(set) var readCount = 0
    /// Virtual servers that the next listings do not show although they are there; as many others come twice.
    public var unlisted: Set<VirtualServer.ID> = []
    /// Connections of real servers; those that are not named have none.
    public var connections: [RealServer.ID: UInt32] = [:]
    /// Addresses for which every change is refused.
    public var brokenAddresses: Set<IPAddress> = []
    /// Addresses that it takes for no real server.
    public var brokenRealServers: Set<IPAddress> = []

    /// Virtual servers that it does not remove.
    public var unremovable: Set<VirtualServer.ID> = []

    /// Schedulers that it does not have.
    public var missingSchedulers: Set<String> = []

    /// How many virtual servers a listing hands over at a time.
    public var serversPerPart = 5

    private var listing = ReadingUnderWay()
    /// What the listing that is under way has not shown yet.
    private var unread: ArraySlice<VirtualServer.ID> = []
    private var nextApplyFailure: DataplaneError?
    /// Called after each change that took effect.
    private let onChange: (String) -> Void

    public init(onChange: @escaping (String) -> Void = { _ in }) {
        self.onChange = onChange
    }

    /// Makes the next `apply` do half of its changes and then break off.
    public func failNextApply(with number: Int32 = 105) {
        nextApplyFailure = DataplaneError(part: .ipvs, number: number, explanation: "the fake broke off")
    }

    private func firewallMark(_ mark: UInt32, _ family: IPFamily) -> ObservedVirtualServer {
        ObservedVirtualServer(
            identity: .firewallMark(mark, family),
            configuration: VirtualServer.Configuration(
                scheduler: .roundRobin,
                persistenceMask: VirtualServer.Configuration.singleClientMask(for: family)
            )
        )
    }

    public func listVirtualServers(
        _ reading: inout KernelReading<Void>,
        _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        switch listing.takeUp(&reading) {
        case .none: return .lapsed
        case .next: break
        case .first:
            listingCount += 1
            unread = table.entries.keys.filter { !unlisted.contains($0) }[...]
            unread += unread.prefix(unlisted.count)
            for family in IPFamily.allCases {
                for mark in firewallMarks { body(firewallMark(mark, family)) }
            }
        }
        let part = unread.prefix(serversPerPart)
        unread = unread.dropFirst(part.count)
        for id in part {
            // Not there any more, or there with what it has become.
            guard let entry = table[id] else { continue }
            var server = observed(id, entry)
            server.realServers = []
            body(server)
        }
        return listing.putDown(reading, hasMore: !unread.isEmpty)
    }

    public func virtualServer(_ id: VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer? {
        readCount += 1
        return table[id].map { observed(id, $0) }
    }

    public func realServers(of id: VirtualServer.ID) throws(DataplaneError) -> [ObservedRealServer]? {
        readCount += 1
        return table[id].map { observed($0.realServers) }
    }

    private func observed(_ id: VirtualServer.ID, _ entry: IPVSTable.Entry) -> ObservedVirtualServer {
        var configuration = entry.configuration
        configuration.flags.insert(.hashed)
        return ObservedVirtualServer(
            identity: .address(id),
            configuration: configuration,
            realServers: observed(entry.realServers).reversed()
        )
    }

    private func observed(_ realServers: [RealServer]) -> [ObservedRealServer] {
        realServers.map { ObservedRealServer(realServer: $0, activeConnections: connections[$0.id, default: 0]) }
    }

    private func lacksScheduler(of change: IPVSChange) -> Bool {
        switch change {
        case .addVirtualServer(_, let configuration), .editVirtualServer(_, let configuration):
            missingSchedulers.contains(configuration.scheduler.name)
        default: false
        }
    }

    private func isBroken(_ change: IPVSChange) -> Bool {
        if case .removeVirtualServer(let id) = change, unremovable.contains(id) { return table[id] != nil }
        if case .addRealServer(let realServer, _) = change, brokenRealServers.contains(realServer.id.address) {
            return true
        }
        return brokenAddresses.contains(change.virtualServer.address)
    }

    public func apply(_ changes: [IPVSChange]) throws(DataplaneError) -> [RefusedChange<IPVSChange>] {
        let failure = nextApplyFailure.take()
        exchanges.append(changes.count)
        var refused: [RefusedChange<IPVSChange>] = []
        for change in failure == nil ? changes[...] : changes.prefix(changes.count / 2) {
            if lacksScheduler(of: change) {
                let error = DataplaneError(part: .ipvs, number: 2, explanation: "no such scheduler")
                refused.append(RefusedChange(change: change, error: error))
            } else if !isBroken(change), table.apply(change) {
                applied.append(change)
                onChange("ipvs \(change)")
            } else if case .removeVirtualServer(let id) = change, table[id] == nil {
                // ESRCH, as the kernel says it.
                let error = DataplaneError(part: .ipvs, number: 3, explanation: "no such virtual server")
                refused.append(RefusedChange(change: change, error: error))
            } else {
                let error = DataplaneError(part: .ipvs, number: 22, explanation: "refused by the fake")
                refused.append(RefusedChange(change: change, error: error))
            }
        }
        if let failure { throw failure }
        return refused
    }
}
