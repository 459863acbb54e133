// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CLinuxUAPI
import DataplaneModel
import Glibc
import Netlink

/// Attribute layout: `linux/ip_vs.h`; what each command needs: `ip_vs_genl_parse_service` and `ip_vs_genl_parse_dest` in
/// `net/netfilter/ipvs/ip_vs_ctl.c`.
extension NetlinkRequest {
    /// The beginning of a request that changes a real server: all that comes before the real server itself.
    struct Beginning {
        fileprivate var command: Int
        fileprivate var virtualServer: VirtualServer.ID
        fileprivate var count: Int
    }

    /// Writes a change as a request of the `IPVS` family.
    ///
    /// - Parameter beginning: of the last change, which is still in this request; `nil` where there is none. The real servers of
    ///   one virtual server come one after the other, and half of each request is the same.
    mutating func write(
        _ change: IPVSChange,
        for family: GenericFamily,
        after beginning: inout Beginning?
    ) throws(NetlinkError) {
        switch change {
        case .addVirtualServer(let id, let configuration):
            beginning = nil
            try begin(family, command: IPVS_CMD_NEW_SERVICE)
            try put(id, configuration)
        case .editVirtualServer(let id, let configuration):
            beginning = nil
            try begin(family, command: IPVS_CMD_SET_SERVICE)
            try put(id, configuration)
        case .removeVirtualServer(let id):
            beginning = nil
            try begin(family, command: IPVS_CMD_DEL_SERVICE)
            try put(id)
        case .addRealServer(let realServer, to: let id):
            try begin(IPVS_CMD_NEW_DEST, id, family, after: &beginning)
            try put(realServer)
        case .editRealServer(let realServer, of: let id):
            try begin(IPVS_CMD_SET_DEST, id, family, after: &beginning)
            try put(realServer)
        case .removeRealServer(let realServer, from: let id):
            try begin(IPVS_CMD_DEL_DEST, id, family, after: &beginning)
            try nest(IPVS_CMD_ATTR_DEST) { (destination) throws(NetlinkError) in
                try destination.put(realServer)
            }
        }
    }

    /// Begins a request that changes a real server of a virtual server.
    private mutating func begin(
        _ command: Int,
        _ id: VirtualServer.ID,
        _ family: GenericFamily,
        after beginning: inout Beginning?
    ) throws(NetlinkError) {
        if let beginning, beginning.command == command, beginning.virtualServer == id {
            return truncate(to: beginning.count)
        }
        try begin(family, command: command)
        try put(id)
        beginning = Beginning(command: command, virtualServer: id, count: count)
    }

    /// Writes which virtual server a request is about.
    mutating func put(_ identity: ObservedVirtualServer.Identity) throws(NetlinkError) {
        switch identity {
        case .address(let id):
            try put(id)
        case .firewallMark(let mark, let family):
            try nest(IPVS_CMD_ATTR_SERVICE) { (service) throws(NetlinkError) in
                try service.put(IPVS_SVC_ATTR_AF, family.rawAddressFamily)
                try service.put(IPVS_SVC_ATTR_FWMARK, mark)
            }
        }
    }

    private mutating func put(
        _ id: VirtualServer.ID,
        _ configuration: VirtualServer.Configuration? = nil
    ) throws(NetlinkError) {
        try nest(IPVS_CMD_ATTR_SERVICE) { (service) throws(NetlinkError) in
            try service.put(IPVS_SVC_ATTR_AF, id.family.rawAddressFamily)
            try service.put(IPVS_SVC_ATTR_PROTOCOL, UInt16(id.transport.rawValue))
            try service.put(IPVS_SVC_ATTR_ADDR, id.address)
            try service.put(IPVS_SVC_ATTR_PORT, id.port.bigEndian)
            if let configuration {
                try service.put(configuration, of: id.family)
            }
        }
    }

    private mutating func put(
        _ configuration: VirtualServer.Configuration,
        of family: IPFamily
    ) throws(NetlinkError) {
        // A pair of bits and of which bits count; "hashed" is the kernel's own.
        let flags = configuration.flags.subtracting(.hashed).rawValue
        let mask = ~VirtualServerFlags.hashed.rawValue
        try put(IPVS_SVC_ATTR_SCHED_NAME, configuration.scheduler.name)
        try put(IPVS_SVC_ATTR_FLAGS, flags, mask)
        try put(IPVS_SVC_ATTR_TIMEOUT, configuration.persistenceTimeout)
        try put(IPVS_SVC_ATTR_NETMASK, configuration.persistenceMask.asNetmaskAttribute(of: family))
        // Left out, it takes the engine away.
        if let engine = configuration.persistenceEngine {
            try put(IPVS_SVC_ATTR_PE_NAME, engine.description)
        }
    }

    private mutating func put(_ realServer: RealServer) throws(NetlinkError) {
        try nest(IPVS_CMD_ATTR_DEST) { (destination) throws(NetlinkError) in
            try destination.put(realServer.id)
            try destination.put(IPVS_DEST_ATTR_FWD_METHOD, UInt32(realServer.forwarding.rawValue))
            try destination.put(IPVS_DEST_ATTR_WEIGHT, realServer.weight)
            try destination.put(IPVS_DEST_ATTR_U_THRESH, realServer.upperThreshold)
            try destination.put(IPVS_DEST_ATTR_L_THRESH, realServer.lowerThreshold)
        }
    }

    private mutating func put(_ realServer: RealServer.ID) throws(NetlinkError) {
        try put(IPVS_DEST_ATTR_ADDR_FAMILY, realServer.address.family.rawAddressFamily)
        try put(IPVS_DEST_ATTR_ADDR, realServer.address)
        try put(IPVS_DEST_ATTR_PORT, realServer.port.bigEndian)
    }
}

extension NetlinkRequest {
    /// Writes an address as its 4 or 16 bytes.
    mutating func put(_ attribute: Int, _ address: IPAddress) throws(NetlinkError) {
        if let value = address.v4Value {
            try put(attribute, value.bigEndian)
        } else {
            try put(attribute, address.high.bigEndian, address.low.bigEndian)
        }
    }
}

extension UInt32 {
    /// A persistence mask between the model and `IPVS_SVC_ATTR_NETMASK`, in either direction: an IPv4 netmask in network
    /// byte order, or an IPv6 prefix length in the machine's.
    func asNetmaskAttribute(of family: IPFamily) -> UInt32 {
        family == .v4 ? bigEndian : self
    }
}

extension IPFamily {
    var rawAddressFamily: UInt16 {
        switch self {
        case .v4: UInt16(AF_INET)
        case .v6: UInt16(AF_INET6)
        }
    }

    /// The family of an `AF_*` number, `nil` for another one.
    init?(rawAddressFamily: UInt16) {
        switch Int32(rawAddressFamily) {
        case AF_INET: self = .v4
        case AF_INET6: self = .v6
        default: return nil
        }
    }
}
