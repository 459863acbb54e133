// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

extension IPAddress {
    /// The text of glibc's `inet_ntop`. It is that of RFC 5952, but that an address in `::/96` ends in dotted decimals
    /// unless it is shorter without.
    var ntopText: String {
        guard high == 0, low >> 32 == 0, low > 0xffff else { return description }
        return "::\(IPAddress(v4: UInt32(truncatingIfNeeded: low)))"
    }
}

extension NameResolver {
    /// An address with its port as every listing shows it: `10.0.0.1:80`, `[fd00::1]:80`, `localhost:http`.
    ///
    /// - Parameter transport: decides which name a port has; `nil` shows its number.
    mutating func endpointText(_ address: IPAddress, _ port: UInt16, _ transport: TransportProtocol?) -> [UInt8] {
        var text = ListingText()
        let host = hostName(of: address) ?? address.ntopText
        text.append(address.family == .v4 ? host : "[\(host)]")
        text.append(":")
        text.append(transport.flatMap { serviceName(of: port, $0) } ?? String(port))
        // ipvsadm's buffer holds 60 bytes with the final zero.
        return Array(text.bytes.prefix(59))
    }
}
