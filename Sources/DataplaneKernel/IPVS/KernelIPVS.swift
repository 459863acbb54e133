// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import CLinuxUAPI
public import DataplaneModel
import Glibc
import Netlink
public import Reconcile

/// The IPVS table of the network namespace in which this was made.
///
/// Not for two threads at once: whoever made it calls it, and from threads that may block.
public final class KernelIPVS: IPVSDataplane {
    private var socket: NetlinkSocket
    /// Used for dumps alone, so that other requests can be made while a dump is open.
    private var listingSocket: NetlinkSocket
    private var listing = ReadingUnderWay()
    private var genericFamily: GenericFamily
    /// Storage for every request and every batch.
    private var request: NetlinkRequest
    private var batch: NetlinkBatch

    /// - Throws: when the kernel has no IPVS and its module cannot be loaded.
    public init() throws(DataplaneError) {
        do throws(NetlinkError) {
            let socket = try NetlinkSocket.open(.generic)
            batch = NetlinkBatch(countLimit: socket.answerCapacity)
            request = try NetlinkRequest()
            genericFamily = try Self.resolveGenericFamily()
            listingSocket = try NetlinkSocket.open(.generic)
            self.socket = socket
        } catch {
            throw Self.failure("open IPVS", error)
        }
    }

    /// The family's number. Where `ip_vs` is not loaded, the question makes the kernel load it: the module has the alias
    /// `net-pf-16-proto-16-family-IPVS`.
    private static func resolveGenericFamily() throws(NetlinkError) -> GenericFamily {
        try GenericFamily.resolve(IPVS_GENL_NAME, version: UInt8(IPVS_GENL_VERSION))
    }

    // MARK: Writing

    public func apply(_ changes: [IPVSChange]) throws(DataplaneError) -> [RefusedChange<IPVSChange>] {
        do throws(NetlinkError) {
            var refused: [RefusedRequest] = []
            var next = changes.startIndex
            while next < changes.endIndex {
                refused += try applyBatch(of: changes, from: &next)
            }
            return refused.map { refusal in
                let change = changes[refusal.tag]
                return RefusedChange(change: change, error: change.refusal(refusal.error))
            }
        } catch {
            throw Self.failure("change the IPVS table", error)
        }
    }

    /// Applies as many changes as one batch takes, and moves `next` past them.
    private func applyBatch(
        of changes: [IPVSChange],
        from next: inout Int
    ) throws(NetlinkError) -> [RefusedRequest] {
        let start = next
        try batch.fill(with: changes, from: &next, for: genericFamily, by: &request)
        let refused = try socket.submit(&batch)
        // `ENOENT` is also the answer to a family number that no module has (`genl_rcv_msg`), to all requests then.
        guard refused.count == next - start, refused.allSatisfy({ $0.error.errno == .noEntry }),
            try genericFamilyHasChanged()
        else { return refused }
        next = start
        return []
    }

    /// Asks for the family's number again: it is another one when the module has been loaded anew.
    private func genericFamilyHasChanged() throws(NetlinkError) -> Bool {
        let current = try Self.resolveGenericFamily()
        defer { genericFamily = current }
        return genericFamily != current
    }

    // MARK: Reading

    /// Hands over each virtual server of a family with its real servers, those for firewall marks among them.
    ///
    /// A dump that the kernel interrupted is read again, so each server is handed over once and whole.
    public func forEachVirtualServer(
        of family: IPFamily,
        _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) {
        try read([family], body)
    }

    public func listVirtualServers(
        _ reading: inout KernelReading<Void>,
        _ body: (ObservedVirtualServer) -> Void
    ) throws(DataplaneError) -> ReadingProgress {
        do throws(NetlinkError) {
            let hasMore: Bool
            switch listing.takeUp(&reading) {
            case .none: return .lapsed
            case .next: hasMore = try continueListing(body)
            case .first:
                hasMore = try withCurrentFamily { (ipvs) throws(NetlinkError) in
                    try ipvs.request.begin(ipvs.genericFamily, command: IPVS_CMD_GET_SERVICE)
                    try ipvs.listingSocket.beginDump(&ipvs.request)
                    return try ipvs.continueListing(body)
                }
            }
            return listing.putDown(reading, hasMore: hasMore)
        } catch {
            throw Self.failure("list the virtual servers", error)
        }
    }

    private func continueListing(_ body: (ObservedVirtualServer) -> Void) throws(NetlinkError) -> Bool {
        try listingSocket.continueDump { (message, datagram) throws(NetlinkError) in
            if let server = try message.virtualServer(in: datagram) { body(server) }
        }
    }

    public func virtualServer(_ id: VirtualServer.ID) throws(DataplaneError) -> ObservedVirtualServer? {
        try virtualServer(.address(id))
    }

    public func realServers(of id: VirtualServer.ID) throws(DataplaneError) -> [ObservedRealServer]? {
        do throws(NetlinkError) {
            return try wholeRealServers(of: .address(id))
        } catch {
            throw DataplaneError(.ipvs, "read the real servers of \(id)", error)
        }
    }

    /// Every virtual server of both families with its real servers, in the kernel's order.
    public func dumpAll() throws(DataplaneError) -> [ObservedVirtualServer] {
        var servers: [ObservedVirtualServer] = []
        try read(IPFamily.allCases) { servers.append($0) }
        return servers
    }

    /// One virtual server with its real servers; `nil` when it is not there.
    public func virtualServer(
        _ identity: ObservedVirtualServer.Identity
    ) throws(DataplaneError) -> ObservedVirtualServer? {
        do throws(NetlinkError) {
            var server: ObservedVirtualServer?
            try exchange(IPVS_CMD_GET_SERVICE) { (request) throws(NetlinkError) in
                try request.put(identity)
            } _: { (message, datagram) throws(NetlinkError) in
                server = try message.virtualServer(in: datagram)
            }
            guard let realServers = try wholeRealServers(of: identity) else { return nil }
            server?.realServers = realServers
            return server
        } catch {
            if error.operation == .request, error.errno == .noProcess { return nil }
            throw DataplaneError(.ipvs, "read a virtual server", error)
        }
    }

    private func read(_ families: [IPFamily], _ body: (ObservedVirtualServer) -> Void) throws(DataplaneError) {
        do throws(NetlinkError) {
            for var server in try virtualServers(of: families) {
                guard let realServers = try wholeRealServers(of: server.identity) else { continue }
                server.realServers = realServers
                body(server)
            }
        } catch {
            throw Self.failure("read the IPVS table", error)
        }
    }

    /// The virtual servers without their real servers, from both families as the kernel lists them.
    private func virtualServers(of families: [IPFamily]) throws(NetlinkError) -> [ObservedVirtualServer] {
        try readUntilUnchanged(\.identity) { (ipvs) throws(NetlinkError) in
            try ipvs.dump(IPVS_CMD_GET_SERVICE, into: [ObservedVirtualServer]()) {
                (servers, message, datagram) throws(NetlinkError) in
                guard let server = try message.virtualServer(in: datagram),
                    families.contains(server.identity.family)
                else { return }
                servers.append(server)
            }
        }
    }

    /// The real servers of a virtual server, `nil` when that is not there any more.
    func wholeRealServers(
        of identity: ObservedVirtualServer.Identity
    ) throws(NetlinkError) -> [ObservedRealServer]? {
        var datagrams = 0
        var realServers = try dumpRealServers(of: identity, datagrams: &datagrams)
        if datagrams > 1 {
            realServers = try readUntilUnchanged(\.realServer.id) { (ipvs) throws(NetlinkError) in
                try ipvs.dumpRealServers(of: identity, datagrams: &datagrams)
            }
        }
        // For a server that is gone the kernel does not refuse the dump, it ends it (`ip_vs_genl_dump_dests`).
        if realServers.isEmpty || datagrams > 1, try !exists(identity) { return nil }
        return realServers
    }

    private func dumpRealServers(
        of identity: ObservedVirtualServer.Identity,
        datagrams: inout Int
    ) throws(NetlinkError) -> [ObservedRealServer] {
        try request.begin(genericFamily, command: IPVS_CMD_GET_DEST)
        try request.put(identity)
        return try socket.dump(&request, into: [ObservedRealServer]()) {
            (realServers, message, datagram) throws(NetlinkError) in
            if message.startsDatagram { datagrams += 1 }
            if let realServer = try message.realServer(in: datagram, serviceFamily: identity.family) {
                realServers.append(realServer)
            }
        }
    }

    /// Reads until two readings in a row have the same members in the same order.
    ///
    /// IPVS goes on with a dump by counting what it has sent, and does not mark the dump when the table has changed
    /// meanwhile: servers then come twice or not at all. That takes no other writer. Kernels that fit the size of their
    /// table to the number of virtual servers (`svc_resize_work_handler`) still move them around when we have long done
    /// adding: 2,000 of 10,000 were missing from a dump right after it on Linux 7.2.
    private func readUntilUnchanged<Member, ID: Equatable>(
        _ id: KeyPath<Member, ID>,
        _ read: (KernelIPVS) throws(NetlinkError) -> [Member]
    ) throws(NetlinkError) -> [Member] {
        var last = try read(self)
        for attempt in 1...NetlinkSocket.dumpAttempts {
            let next = try read(self)
            if next.elementsEqual(last, by: { $0[keyPath: id] == $1[keyPath: id] }) { return next }
            last = next
            usleep(useconds_t(attempt * 10_000))
        }
        throw NetlinkError(.receive, .interrupted, explanation: "the table kept changing while it was read")
    }

    private func exists(_ identity: ObservedVirtualServer.Identity) throws(NetlinkError) -> Bool {
        try request.begin(genericFamily, command: IPVS_CMD_GET_SERVICE)
        try request.put(identity)
        do throws(NetlinkError) {
            try socket.exchange(&request)
            return true
        } catch {
            guard error.operation == .request, error.errno == .noProcess else { throw error }
            return false
        }
    }

    /// Reads a table that needs no arguments.
    func dump<Output>(
        _ command: Int,
        into initial: Output,
        _ body: (inout Output, NetlinkMessage, RawSpan) throws(NetlinkError) -> Void
    ) throws(NetlinkError) -> Output {
        try withCurrentFamily { (ipvs) throws(NetlinkError) in
            try ipvs.request.begin(ipvs.genericFamily, command: command)
            return try ipvs.socket.dump(&ipvs.request, into: initial, body)
        }
    }

    /// Sends a request that needs no more than `write` puts into it, and hands over the answer.
    func exchange(
        _ command: Int,
        _ write: (inout NetlinkRequest) throws(NetlinkError) -> Void = { (_) throws(NetlinkError) in },
        _ body: (NetlinkMessage, RawSpan) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        try withCurrentFamily { (ipvs) throws(NetlinkError) in
            try ipvs.request.begin(ipvs.genericFamily, command: command)
            try write(&ipvs.request)
            try ipvs.socket.exchange(&ipvs.request, body)
        }
    }

    /// Does it again when the kernel did not know the family's number because the module was loaded anew.
    private func withCurrentFamily<Result>(
        _ body: (KernelIPVS) throws(NetlinkError) -> Result
    ) throws(NetlinkError) -> Result {
        do throws(NetlinkError) {
            return try body(self)
        } catch {
            guard error.operation == .request, error.errno == .noEntry, try genericFamilyHasChanged() else {
                throw error
            }
            return try body(self)
        }
    }
}
