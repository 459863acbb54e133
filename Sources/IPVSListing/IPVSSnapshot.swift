public import DataplaneModel

/// What was read of the kernel's IPVS in one go. A part that was not asked for is `nil`.
public struct IPVSSnapshot: Hashable, Sendable {
    public var info: IPVSInfo?
    public var timeouts: IPVSTimeouts?
    public var syncDaemons: [SyncDaemon]?
    public var virtualServers: [ObservedVirtualServer]?
    public var connections: [ConnectionEntry]?

    public init(
        info: IPVSInfo? = nil,
        timeouts: IPVSTimeouts? = nil,
        syncDaemons: [SyncDaemon]? = nil,
        virtualServers: [ObservedVirtualServer]? = nil,
        connections: [ConnectionEntry]? = nil
    ) {
        self.info = info
        self.timeouts = timeouts
        self.syncDaemons = syncDaemons
        self.virtualServers = virtualServers
        self.connections = connections
    }
}
