// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
import DataplaneModel
import Netlink
import Testing

@testable import DataplaneKernel

/// What Linux 4.18, 4.19 and 5.4 send and take, as their sources have it: no guest has those kernels.
struct OldKernelTests {
    private let family = GenericFamily(id: 30, version: 1)

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    /// What a kernel would send, written as a request is.
    private func read<Result>(
        _ request: borrowing NetlinkRequest,
        _ body: (NetlinkMessage, RawSpan) throws(NetlinkError) -> Result?
    ) throws(NetlinkError) -> Result? {
        try request.withBytes { (datagram) throws(NetlinkError) in
            var messages = NetlinkMessages()
            guard let message = try messages.next(in: datagram) else { return nil }
            return try body(message, datagram)
        }
    }

    // MARK: IPVS

    /// `ip_vs_genl_fill_dest` has `IPVS_DEST_ATTR_TUN_TYPE` from Linux 5.3 on and `IPVS_DEST_ATTR_TUN_FLAGS` from 5.4 on;
    /// `IPVS_DEST_ATTR_ADDR_FAMILY` from 3.18 on, `IPVS_DEST_ATTR_STATS64` from 4.1 on.
    @Test(arguments: [true, false])
    func `a real server without the attributes of later kernels is read`(namesFamily: Bool) throws {
        var answer = try NetlinkRequest()
        try answer.begin(family, command: IPVS_CMD_NEW_DEST)
        let endpoint = try address("10.244.1.5")
        try answer.nest(IPVS_CMD_ATTR_DEST) { (server) throws(NetlinkError) in
            // `union nf_inet_addr`, with the address at its beginning.
            try server.put(IPVS_DEST_ATTR_ADDR, UInt64(UInt32(truncatingIfNeeded: endpoint.low).bigEndian), 0)
            try server.put(IPVS_DEST_ATTR_PORT, UInt16(8080).bigEndian)
            try server.put(IPVS_DEST_ATTR_FWD_METHOD, UInt32(0))
            try server.put(IPVS_DEST_ATTR_WEIGHT, UInt32(1))
            try server.put(IPVS_DEST_ATTR_ACTIVE_CONNS, UInt32(3))
            if namesFamily { try server.put(IPVS_DEST_ATTR_ADDR_FAMILY, UInt16(2)) }
            try server.nest(IPVS_DEST_ATTR_STATS) { (counters) throws(NetlinkError) in
                try counters.put(IPVS_STATS_ATTR_CONNS, UInt32(7))
            }
        }
        let found = try read(answer) { (message, datagram) throws(NetlinkError) in
            try message.realServer(in: datagram, serviceFamily: .v4)
        }
        let server = try #require(found)
        #expect(server.realServer.id == RealServer.ID(address: endpoint, port: 8080))
        #expect(server.realServer.forwarding == .masquerade)
        #expect(server.activeConnections == 3)
        #expect(server.statistics.connections == 7)
        #expect(server.tunnel == nil)
    }

    /// An attribute that a kernel does not know is passed over before 5.2, and may be refused (`-EINVAL`) from then on.
    @Test func `what programs virtual servers has no attribute that Linux 4.18 does not know`() throws {
        let id = VirtualServer.ID(address: try address("fd00:96::10"), port: 80, transport: .tcp)
        let server = RealServer(id: RealServer.ID(address: try address("fd00:244::5"), port: 8080))
        let configuration = VirtualServer.Configuration(
            scheduler: .maglevHashing, flags: [.persistent, .scheduler2], persistenceTimeout: 10_800,
            persistenceMask: 128)
        let changes: [IPVSChange] = [
            .addVirtualServer(id, configuration), .editVirtualServer(id, configuration), .addRealServer(server, to: id),
            .editRealServer(server, of: id), .removeRealServer(server.id, from: id), .removeVirtualServer(id),
        ]
        var request = try NetlinkRequest()
        for change in changes {
            var beginning: NetlinkRequest.Beginning?
            try request.write(change, for: family, after: &beginning)
            let types = try read(request) { (message, datagram) throws(NetlinkError) in
                var types: [(part: Int, attribute: Int)] = []
                var parts = try message.genericAttributes()
                while let part = try parts.next(in: datagram) {
                    var attributes = part.nested
                    while let attribute = try attributes.next(in: datagram) {
                        types.append((part.type, attribute.type))
                    }
                }
                return types
            }
            for (part, attribute) in try #require(types) {
                let newest = part == IPVS_CMD_ATTR_DEST ? IPVS_DEST_ATTR_ADDR_FAMILY : IPVS_SVC_ATTR_PE_NAME
                #expect(attribute <= newest, "\(change)")
            }
        }
    }

    // MARK: Tracked flows

    /// `CTA_FILTER` is from Linux 5.8: kernels before it pass it over, and hand over all flows of the family.
    @Test func `of all flows that a kernel hands over only those that were asked for are taken`() throws {
        let server = VirtualServer.ID(address: try address("10.96.0.53"), port: 53, transport: .udp)
        let filter = ConntrackFilter(server: server)
        func taken(_ destination: String, _ port: UInt16, _ transport: TransportProtocol) throws -> Bool {
            let (client, destination) = (try address("10.244.1.5"), try address(destination))
            let endpoint = try address("10.244.2.7")
            var answer = try NetlinkRequest()
            try answer.begin(netfilter: NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW, .v4)
            try put(CTA_TUPLE_ORIG, client, 40_000, destination, port, transport, &answer)
            try put(CTA_TUPLE_REPLY, endpoint, 5353, client, 40_000, transport, &answer)
            let flow = try read(answer) { (message, datagram) throws(NetlinkError) in
                try message.conntrackFlow(of: filter, in: datagram)
            }
            #expect(flow == nil || flow?.endpoint == RealServer.ID(address: endpoint, port: 5353))
            return flow != nil
        }
        #expect(try taken("10.96.0.53", 53, .udp))
        #expect(try !taken("10.96.0.53", 53, .tcp))
        #expect(try !taken("10.96.0.53", 5353, .udp))
        #expect(try !taken("10.96.0.99", 53, .udp))
    }

    private func put(
        _ tuple: ctattr_type,
        _ source: IPAddress,
        _ sourcePort: UInt16,
        _ destination: IPAddress,
        _ destinationPort: UInt16,
        _ transport: TransportProtocol,
        _ answer: inout NetlinkRequest
    ) throws(NetlinkError) {
        try answer.nest(tuple) { (tuple) throws(NetlinkError) in
            try tuple.nest(CTA_TUPLE_IP) { (addresses) throws(NetlinkError) in
                try addresses.put(CTA_IP_V4_SRC, source)
                try addresses.put(CTA_IP_V4_DST, destination)
            }
            try tuple.nest(CTA_TUPLE_PROTO) { (ports) throws(NetlinkError) in
                try ports.put(CTA_PROTO_NUM, transport.rawValue)
                try ports.put(CTA_PROTO_SRC_PORT, sourcePort.bigEndian)
                try ports.put(CTA_PROTO_DST_PORT, destinationPort.bigEndian)
            }
        }
    }

    // MARK: Sets

    /// Protocol 7 came with Linux 4.20: `protocol_min_failed` in `net/netfilter/ipset/ip_set_core.c`.
    @Test func `sets are asked for in the protocol that Linux 4.18 speaks`() throws {
        var request = try NetlinkRequest()
        try request.beginSetDump("KUBE-CLUSTER-IP")
        let version = try read(request) { (message, datagram) throws(NetlinkError) -> UInt8? in
            var attributes = try message.netfilterAttributes()
            while let attribute = try attributes.next(in: datagram) {
                if attribute.type == Int(IPSET_ATTR_PROTOCOL) { return try datagram.integer(attribute) }
            }
            return nil
        }
        #expect(version == 6)
    }

    /// The header of a set says ever more: `IPSET_ATTR_INITVAL` and `IPSET_ATTR_BUCKETSIZE` from Linux 5.11 on.
    @Test(arguments: [[], [17, 21, 63]])
    func `a set is one of ours whatever else its kernel says of it`(laterAttributes: [Int]) throws {
        let ours = IPSetDefinition(.clusterIP, .v4)
        var answer = try NetlinkRequest()
        try answer.begin(netfilter: NFNL_SUBSYS_IPSET, IPSET_CMD_LIST, .v4)
        try answer.put(Int(IPSET_ATTR_PROTOCOL), UInt8(6))
        try answer.put(Int(IPSET_ATTR_SETNAME), ours.name)
        try answer.put(Int(IPSET_ATTR_TYPENAME), ours.type.rawValue)
        try answer.put(Int(IPSET_ATTR_FAMILY), UInt8(2))
        try answer.put(Int(IPSET_ATTR_REVISION), UInt8(laterAttributes.isEmpty ? 5 : 7))
        try answer.nest(Int(IPSET_ATTR_DATA)) { (options) throws(NetlinkError) in
            try options.put(Int(IPSET_ATTR_HASHSIZE), UInt32(1024).bigEndian)
            try options.put(Int(IPSET_ATTR_MAXELEM), UInt32(65_536).bigEndian)
            try options.put(Int(IPSET_ATTR_REFERENCES), UInt32(4).bigEndian)
            for attribute in laterAttributes { try options.put(attribute, UInt32(12).bigEndian) }
        }
        let found = try read(answer) { (message, datagram) throws(NetlinkError) in
            try message.observedSet(in: datagram)
        }
        let observed = try #require(found)
        #expect(observed.references == 4)
        #expect(try IPSetDefinition(observed) == ours)
    }
}
