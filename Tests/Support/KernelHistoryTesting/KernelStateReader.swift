// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
import DataplaneKernel
import DataplaneModel
import Glibc
import HistoryTesting
import Netlink
import SystemPackage

/// Reads what the daemon writes in as few system calls as it can be had for: on User Mode Linux a call costs some 30 µs, and
/// the daemon's clients make hundreds to read the same.
///
/// Virtual servers come from one dump and their real servers from `/proc/net/ip_vs`, where only thresholds do not show;
/// sets come from one dump of all, addresses from one dump of both families, and routes from one of each.
final class KernelStateReader {
    /// What the kernel shows is not as this knows it.
    struct Unreadable: Error, CustomStringConvertible {
        var description: String
    }

    private var generic: NetlinkSocket
    private let ipvs: GenericFamily
    private var netfilter: NetlinkSocket
    private var route: NetlinkSocket
    private var request: NetlinkRequest
    private let client: KernelIPVS
    /// `/proc/net/ip_vs`.
    private let listing: FileDescriptor
    /// Of no use but to ask for the number of a link.
    private let links: FileDescriptor
    private var piece = [UInt8](repeating: 0, count: 16 << 10)

    init() throws {
        client = try KernelIPVS()
        listing = try FileDescriptor.open(FilePath("/proc/net/ip_vs"), .readOnly, options: .closeOnExec)
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        let links = socket(AF_INET, type, 0)
        guard links >= 0 else { throw Unreadable(description: "no socket (errno \(errno))") }
        self.links = FileDescriptor(rawValue: links)
        generic = try NetlinkSocket.open(.generic)
        ipvs = try GenericFamily.resolve(IPVS_GENL_NAME, version: UInt8(IPVS_GENL_VERSION))
        netfilter = try NetlinkSocket.open(.netfilter)
        route = try NetlinkSocket.open(.route)
        request = try NetlinkRequest()
    }

    deinit {
        // Nothing was written to them.
        try? listing.close()
        try? links.close()
    }

    func state() throws -> NodeState {
        var state = NodeState()
        state.servers = try servers()
        state.sets = try sets()
        state.addresses = try addresses()
        for family in IPFamily.allCases { state.routes.formUnion(try routes(family)) }
        return state
    }

    // MARK: IPVS

    private func servers() throws -> [VirtualServer.ID: ObservedVirtualServer] {
        try request.begin(ipvs, command: IPVS_CMD_GET_SERVICE)
        var servers = try generic.dump(&request, into: [VirtualServer.ID: ObservedVirtualServer]()) {
            (servers, message, datagram) throws(NetlinkError) in
            guard let server = try message.virtualServer(in: datagram), case .address(let id) = server.identity else {
                return
            }
            servers[id] = server
        }
        let shown = try realServers()
        for id in servers.keys {
            servers[id]?.realServers = try shown[id] ?? client.realServers(of: id) ?? []
        }
        return servers
    }

    /// `ip_vs_info_seq_show` in `net/netfilter/ipvs/ip_vs_ctl.c` writes lines like these, after three of headings:
    ///
    ///     TCP  0A600001:0050 rr
    ///       -> 0AF40001:1F90      Masq    1      0          0
    ///
    /// On Linux 6.1 some were missing while tests in another network namespace had virtual servers too: those are asked for.
    private func realServers() throws -> [VirtualServer.ID: [ObservedRealServer]] {
        var realServers: [VirtualServer.ID: [ObservedRealServer]] = [:]
        var last: VirtualServer.ID?
        for line in try shownTable().split(separator: UInt8(ascii: "\n")).dropFirst(3) {
            let words = line.split(separator: UInt8(ascii: " "))
            let (address, port) = try socketAddress(words[1])
            guard words[0].elementsEqual("->".utf8) else {
                let transport = TransportProtocol(kubernetesName: String(decoding: words[0], as: UTF8.self))
                let id = VirtualServer.ID(address: address, port: port, transport: try known(transport, line))
                realServers[id] = []
                last = id
                continue
            }
            let realServer = RealServer(
                id: RealServer.ID(address: address, port: port),
                weight: try number(words[3]),
                forwarding: try known(words[2].elementsEqual("Masq".utf8) ? .masquerade : nil, line)
            )
            let observed = ObservedRealServer(
                realServer: realServer,
                activeConnections: try number(words[4]),
                inactiveConnections: try number(words[5])
            )
            realServers[try known(last, line), default: []].append(observed)
        }
        return realServers
    }

    /// `0A600001:0050`, or `[fd00:0096:0000:0000:0000:0000:0000:0010]:0050`.
    private func socketAddress(_ text: ArraySlice<UInt8>) throws -> (IPAddress, UInt16) {
        let port: UInt16 = try number(text.suffix(4), radix: 16)
        let address = text.dropLast(5)
        guard address.first == UInt8(ascii: "[") else { return (IPAddress(v4: try number(address, radix: 16)), port) }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for byte in address where byte != UInt8(ascii: "[") && byte != UInt8(ascii: ":") && byte != UInt8(ascii: "]") {
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(byte < 0x3a ? byte & 0xf : (byte & 0xf) + 9)
        }
        return (IPAddress(high: high, low: low), port)
    }

    private func number<Number: FixedWidthInteger>(_ text: ArraySlice<UInt8>, radix: Int = 10) throws -> Number {
        try known(Number(String(decoding: text, as: UTF8.self), radix: radix), text)
    }

    private func known<Value>(_ value: Value?, _ text: ArraySlice<UInt8>) throws -> Value {
        guard let value else {
            throw Unreadable(description: "in /proc/net/ip_vs: \(String(decoding: text, as: UTF8.self))")
        }
        return value
    }

    /// The kernel hands out a page at a time.
    private func shownTable() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let count = try unsafe piece.withUnsafeMutableBytes {
                try unsafe listing.read(fromAbsoluteOffset: Int64(bytes.count), into: $0)
            }
            guard count > 0 else { return bytes }
            bytes += piece[..<count]
        }
    }

    // MARK: Sets

    private func sets() throws -> [String: Set<IPSetEntry>] {
        try request.beginSetDump(nil)
        var name = ""
        var type: IPSetType?
        return try netfilter.dump(&request, into: [:]) { (sets, message, datagram) throws(NetlinkError) in
            if let set = try message.observedSet(in: datagram) {
                name = set.name
                type = IPSetType(rawValue: set.typeName)
                sets[name] = []
            }
            // Nobody makes one of another type here.
            guard let type else { throw .malformed("\(name) is a set of another type") }
            try message.forEachSetEntry(of: type, in: datagram) { (entry) throws(NetlinkError) in
                guard let entry else { throw .malformed("a member of \(name), a set of type \(type.rawValue)") }
                guard sets[name]?.insert(entry).inserted == true else {
                    throw .malformed("\(name) has \(entry) twice")
                }
            }
        }
    }

    // MARK: Addresses

    private func addresses() throws -> Set<IPAddress> {
        guard let index = try dummyLinkIndex() else { return [] }
        try request.beginAddressDump(nil, link: index)
        return try route.dump(&request, into: []) { (addresses, message, datagram) throws(NetlinkError) in
            guard let found = try RouteAddress(message, in: datagram), found.linkIndex == index else { return }
            addresses.insert(found.address)
        }
    }

    private func routes(_ family: IPFamily) throws -> Set<LocalRoute> {
        try request.beginLocalRouteDump(family)
        return try route.dump(&request, into: []) { (routes, message, datagram) throws(NetlinkError) in
            guard let found = try FoundLocalRoute(message, in: datagram), found.isOurs else { return }
            guard routes.insert(found.route).inserted else { throw .malformed("\(found.route) is there twice") }
        }
    }

    /// `nil` where there is no such link. As if_nametoindex(3), which opens a socket for it.
    private func dummyLinkIndex() throws -> UInt32? {
        var request = unsafe ifreq()
        unsafe withUnsafeMutableBytes(of: &request.ifr_ifrn) { unsafe $0.copyBytes(from: DummyLink.name.utf8) }
        guard unsafe ioctl(links.rawValue, UInt(SIOCGIFINDEX), &request) == 0 else {
            guard errno == ENODEV else { throw Unreadable(description: "the link \(DummyLink.name) (errno \(errno))") }
            return nil
        }
        return unsafe UInt32(bitPattern: request.ifr_ifru.ifru_ivalue)
    }
}
