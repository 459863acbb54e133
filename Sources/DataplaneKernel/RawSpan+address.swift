// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
package import Netlink

extension RawSpan {
    /// The address at the start of an attribute, 4 or 16 bytes of it. The kernel may send more.
    ///
    /// - Throws: when the attribute is shorter.
    package func address(_ attribute: NetlinkAttribute, _ family: IPFamily) throws(NetlinkError) -> IPAddress {
        switch family {
        case .v4:
            return IPAddress(v4: UInt32(bigEndian: try integer(attribute)))
        case .v6:
            let high = UInt64(bigEndian: try integer(attribute))
            var second = attribute
            second.payload = attribute.payload.lowerBound + 8..<attribute.payload.upperBound
            return IPAddress(high: high, low: UInt64(bigEndian: try integer(second)))
        }
    }
}
