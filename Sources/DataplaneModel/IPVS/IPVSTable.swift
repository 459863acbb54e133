// SPDX-License-Identifier: GPL-2.0-or-later
/// The kernel's IPVS table as a value: virtual servers with their real servers, without statistics.
public struct IPVSTable: Hashable, Sendable {
    /// A virtual server but for its identity.
    public struct Entry: Hashable, Sendable {
        public var configuration: VirtualServer.Configuration
        /// In ascending order of their identity, each identity once.
        public var realServers: [RealServer]

        public init(configuration: VirtualServer.Configuration, realServers: [RealServer] = []) {
            self.configuration = configuration
            self.realServers = realServers
        }
    }

    public var entries: [VirtualServer.ID: Entry]

    public init(entries: [VirtualServer.ID: Entry] = [:]) {
        self.entries = entries
    }

    public subscript(id: VirtualServer.ID) -> Entry? {
        get { entries[id] }
        set { entries[id] = newValue }
    }

    /// A real server of a virtual server.
    public func realServer(_ realServer: RealServer.ID, of id: VirtualServer.ID) -> RealServer? {
        guard let position = position(of: realServer, in: id), position.isPresent else { return nil }
        return entries[id]?.realServers[position.index]
    }

    /// Does to this table what the kernel would do to its own.
    ///
    /// - Returns: whether the kernel would accept the change; when not, nothing has changed.
    @discardableResult
    public mutating func apply(_ change: IPVSChange) -> Bool {
        switch change {
        case .addVirtualServer(let id, let configuration):
            guard entries[id] == nil else { return false }
            entries[id] = Entry(configuration: configuration)

        case .editVirtualServer(let id, let configuration):
            guard entries[id] != nil else { return false }
            entries[id]?.configuration = configuration

        case .removeVirtualServer(let id):
            return entries.removeValue(forKey: id) != nil

        case .addRealServer(let realServer, let id):
            guard let position = position(of: realServer.id, in: id), !position.isPresent else { return false }
            entries[id]?.realServers.insert(realServer, at: position.index)

        case .editRealServer(let realServer, let id):
            guard let position = position(of: realServer.id, in: id), position.isPresent else { return false }
            entries[id]?.realServers[position.index] = realServer

        case .removeRealServer(let realServer, let id):
            guard let position = position(of: realServer, in: id), position.isPresent else { return false }
            entries[id]?.realServers.remove(at: position.index)
        }
        return true
    }

    private func position(
        of realServer: RealServer.ID,
        in id: VirtualServer.ID
    ) -> (index: Int, isPresent: Bool)? {
        guard let realServers = entries[id]?.realServers else { return nil }
        var bounds = realServers.startIndex..<realServers.endIndex
        while !bounds.isEmpty {
            let middle = bounds.lowerBound + bounds.count / 2
            if realServers[middle].id < realServer {
                bounds = middle + 1..<bounds.upperBound
            } else {
                bounds = bounds.lowerBound..<middle
            }
        }
        let index = bounds.lowerBound
        return (index, index < realServers.endIndex && realServers[index].id == realServer)
    }
}
