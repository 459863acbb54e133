// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel

/// The order in which ipvsadm lists, reproduced to the letter.
///
/// ipvsadm compares numbers by the sign of their difference in 32 bits. So addresses more than 2³¹ apart compare the wrong
/// way round (`10.0.0.1` comes after `192.168.0.1`), and three of them can form a circle. What then comes out depends on the
/// order that went in and on the sort: the merge sort of glibc's `qsort`.
public enum ListingOrder {
    /// Virtual servers by firewall mark (those without first), family, protocol, address, port.
    ///
    /// - Returns: their indices.
    public static func order(of servers: [ObservedVirtualServer]) -> [Int] {
        order(servers.map(ServiceKey.init), compare: ServiceKey.difference)
    }

    /// Real servers by address and port.
    public static func sorted(_ servers: [ObservedRealServer]) -> [ObservedRealServer] {
        guard servers.count > 1 else { return servers }
        return order(servers.map(ServerKey.init), compare: ServerKey.difference).map { servers[$0] }
    }

    /// The indices of `keys` in the order of glibc's `qsort`: halves sorted, then merged, equal ones staying as they were.
    private static func order<Key>(_ keys: [Key], compare: (Key, Key) -> Int32) -> [Int] {
        func sort(_ indices: Range<Int>) -> [Int] {
            guard indices.count > 1 else { return Array(indices) }
            let middle = indices.lowerBound + indices.count / 2
            let first = sort(indices.lowerBound..<middle)
            let second = sort(middle..<indices.upperBound)

            var merged: [Int] = []
            merged.reserveCapacity(indices.count)
            var (left, right) = (0, 0)
            while left < first.count, right < second.count {
                if compare(keys[first[left]], keys[second[right]]) <= 0 {
                    merged.append(first[left])
                    left += 1
                } else {
                    merged.append(second[right])
                    right += 1
                }
            }
            return merged + first[left...] + second[right...]
        }
        return sort(keys.indices)
    }
}

/// An address in four words in host byte order; an IPv4 address is the first, as in the kernel's `union nf_inet_addr`.
private struct AddressKey {
    var family: IPFamily
    var words: (UInt32, UInt32, UInt32, UInt32)

    init(_ address: IPAddress) {
        family = address.family
        if let value = address.v4Value {
            words = (value, 0, 0, 0)
        } else {
            words = (
                UInt32(truncatingIfNeeded: address.high >> 32), UInt32(truncatingIfNeeded: address.high),
                UInt32(truncatingIfNeeded: address.low >> 32), UInt32(truncatingIfNeeded: address.low)
            )
        }
    }

    /// The first word's difference, and for IPv6 that of the first word that differs. The family of `self` decides, also
    /// where a tunnel's real server has the other one.
    func difference(to other: AddressKey) -> Int32 {
        let first = wrapped(words.0, other.words.0)
        guard first == 0, family == .v6 else { return first }
        let second = wrapped(words.1, other.words.1)
        guard second == 0 else { return second }
        let third = wrapped(words.2, other.words.2)
        guard third == 0 else { return third }
        return wrapped(words.3, other.words.3)
    }
}

private func wrapped(_ first: UInt32, _ second: UInt32) -> Int32 {
    Int32(bitPattern: first &- second)
}

private struct ServiceKey {
    /// Each compares by its difference, in this order, before the address.
    var mark: UInt32
    var family: IPFamily
    var transport: UInt8
    var address: AddressKey
    var port: UInt16

    init(_ server: ObservedVirtualServer) {
        family = server.identity.family
        switch server.identity {
        case .address(let id):
            mark = 0
            transport = id.transport.rawValue
            address = AddressKey(id.address)
            port = id.port
        case .firewallMark(let mark, let family):
            self.mark = mark
            transport = 0
            address = AddressKey(family == .v4 ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0))
            port = 0
        }
    }

    static func difference(_ first: ServiceKey, _ second: ServiceKey) -> Int32 {
        let mark = wrapped(first.mark, second.mark)
        guard mark == 0 else { return mark }
        let family = Int32(first.family.rawValue) - Int32(second.family.rawValue)
        guard family == 0 else { return family }
        let transport = Int32(first.transport) - Int32(second.transport)
        guard transport == 0 else { return transport }
        let address = first.address.difference(to: second.address)
        guard address == 0 else { return address }
        return Int32(first.port) - Int32(second.port)
    }
}

private struct ServerKey {
    var address: AddressKey
    var port: UInt16

    init(_ server: ObservedRealServer) {
        address = AddressKey(server.realServer.id.address)
        port = server.realServer.id.port
    }

    static func difference(_ first: ServerKey, _ second: ServerKey) -> Int32 {
        let address = first.address.difference(to: second.address)
        guard address == 0 else { return address }
        return Int32(first.port) - Int32(second.port)
    }
}
