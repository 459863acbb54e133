// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import CSetsProtocol
import DataplaneModel
import Glibc

extension sets_entry {
    /// The entry in the form of its set. `nil` when it cannot be a member of that set.
    init?(_ entry: IPSetEntry, of set: IPSetDefinition) {
        self.init()
        switch (entry, set.type) {
        case (.port(let port), .bitmapPort):
            self.port = port
        case (.ip(let address), .hashIP):
            guard Self.store(address, in: &self.address, set.family) else { return nil }
        case (.ipPort(let address, let transport, let port), .hashIPPort):
            guard Self.store(address, in: &self.address, set.family) else { return nil }
            (self.protocol, self.port) = (transport.rawValue, port)
        case (.ipPortIP(let address, let transport, let port, let second), .hashIPPortIP):
            guard Self.store(address, in: &self.address, set.family),
                Self.store(second, in: &second_address, set.family)
            else { return nil }
            (self.protocol, self.port) = (transport.rawValue, port)
        case (.ipPortNet(let address, let transport, let port, let network), .hashIPPortNet):
            guard Self.store(address, in: &self.address, set.family),
                Self.store(network.address, in: &second_address, set.family)
            else { return nil }
            (self.protocol, self.port) = (transport.rawValue, port)
            second_length = network.length
        default:
            return nil
        }
    }

    private static func store<Field>(_ address: IPAddress, in field: inout Field, _ family: IPFamily) -> Bool {
        guard address.family == family else { return false }
        unsafe withUnsafeMutableBytes(of: &field) { unsafe $0.copyBytes(from: address.networkBytes) }
        return true
    }
}
