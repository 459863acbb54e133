// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
public import DataplaneModel
import Netlink
public import Reconcile

/// Asks for single entries of sets, as `ipset test` does, however many members a set has.
///
/// In the network namespace in which this was made. Not for two threads at once.
public final class KernelSetMembership {
    private var socket: NetlinkSocket
    private var request: NetlinkRequest

    public init() throws(DataplaneError) {
        do throws(NetlinkError) {
            socket = try NetlinkSocket.open(.netfilter)
            request = try NetlinkRequest()
        } catch {
            throw DataplaneError(.ipset, "open netlink to ask for set entries", error)
        }
    }

    /// Whether a set has an entry; of a set of networks, whether one of them has the address. A set that is not there has none.
    public func contains(_ entry: IPSetEntry, in set: String) throws(DataplaneError) -> Bool {
        do throws(NetlinkError) {
            try request.beginSetTest(of: entry, in: set)
            try socket.exchange(&request)
            return true
        } catch {
            // `ip_set_utest` in `net/netfilter/ipset/ip_set_core.c`: no such entry, no such set.
            guard error.operation == .request,
                error.errno.rawValue == Int32(IPSET_ERR_EXIST.rawValue) || error.errno == .noEntry
            else { throw DataplaneError(.ipset, "look for \(entry) in the set \(set)", error) }
            return false
        }
    }
}

extension NetlinkRequest {
    /// Writes the question for an entry. Addresses and ports say that they are in the order of the wire: the kernel refuses others
    /// (`ip_set_attr_netorder`).
    fileprivate mutating func beginSetTest(of entry: IPSetEntry, in set: String) throws(NetlinkError) {
        try begin(netfilter: NFNL_SUBSYS_IPSET, IPSET_CMD_TEST)
        try put(Int(IPSET_ATTR_PROTOCOL), UInt8(IPSET_PROTOCOL_MIN))
        try put(Int(IPSET_ATTR_SETNAME), set)
        try nest(Int(IPSET_ATTR_DATA)) { (data) throws(NetlinkError) in
            switch entry {
            case .port(let port): try data.putSetPort(port)
            case .ip(let address): try data.putSetAddress(Int(IPSET_ATTR_IP), address)
            case .ipPort(let address, let transport, let port):
                try data.put(address, transport, port)
            case .ipPortIP(let address, let transport, let port, let second):
                try data.put(address, transport, port)
                try data.putSetAddress(Int(IPSET_ATTR_IP2), second)
            case .ipPortNet(let address, let transport, let port, let network):
                try data.put(address, transport, port)
                try data.putSetAddress(Int(IPSET_ATTR_IP2), network.address)
                try data.put(Int(IPSET_ATTR_CIDR2), network.length)
            }
        }
    }

    private mutating func put(
        _ address: IPAddress,
        _ transport: TransportProtocol,
        _ port: UInt16
    ) throws(NetlinkError) {
        try putSetAddress(Int(IPSET_ATTR_IP), address)
        try putSetPort(port)
        try put(Int(IPSET_ATTR_PROTO), transport.rawValue)
    }

    private mutating func putSetPort(_ port: UInt16) throws(NetlinkError) {
        try put(Int(IPSET_ATTR_PORT) | Int(NLA_F_NET_BYTEORDER), port.bigEndian)
    }

    private mutating func putSetAddress(_ attribute: Int, _ address: IPAddress) throws(NetlinkError) {
        try nest(attribute) { (nest) throws(NetlinkError) in
            let kind = address.family == .v4 ? IPSET_ATTR_IPADDR_IPV4 : IPSET_ATTR_IPADDR_IPV6
            try nest.put(Int(kind) | Int(NLA_F_NET_BYTEORDER), address)
        }
    }
}
