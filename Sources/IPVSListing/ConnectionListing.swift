// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

/// `ipvsadm --list --connection`, byte for byte, in the kernel's order.
public struct ConnectionListing: Hashable, Sendable {
    /// `--persistent-conn`: with what persistence engines remembered.
    public var showsPersistence: Bool

    public init(showsPersistence: Bool = false) {
        self.showsPersistence = showsPersistence
    }

    /// The two lines above the entries.
    public var title: [UInt8] {
        let columns = "pro expire state       source             virtual            destination"
        let more = showsPersistence ? "        pe name          pe_data" : ""
        return Array("IPVS connection entries\n\(columns)\(more)\n".utf8)
    }

    /// One line for each entry. A long table can be listed in parts.
    public func text(of entries: some Sequence<ConnectionEntry>, names: inout some NameResolver) -> [UInt8] {
        var text = ListingText()
        for entry in entries {
            append(entry, to: &text, &names)
        }
        return text.bytes
    }

    private func append(_ entry: ConnectionEntry, to text: inout ListingText, _ names: inout some NameResolver) {
        let transport = TransportProtocol(kubernetesName: entry.protocolName)
        func name(_ endpoint: ConnectionEntry.Endpoint, _ names: inout some NameResolver) -> [UInt8] {
            names.endpointText(endpoint.address, endpoint.port, transport)
        }

        text.append(entry.protocolName, paddedTo: 3)
        text.append(" ")
        text.append(Self.remaining(entry.expires), paddedTo: 6)
        text.append(" ")
        text.append(entry.state, paddedTo: 11)
        text.append(" ")
        text.append(name(entry.client, &names), paddedTo: 18)
        text.append(" ")
        text.append(name(entry.virtual, &names), paddedTo: 18)
        text.append(" ")
        if showsPersistence, let persistence = entry.persistence {
            text.append(name(entry.destination, &names), paddedTo: 16)
            text.append(" ")
            text.append(persistence.engine, paddedTo: 18)
            text.append(" ")
            text.append(persistence.data)
        } else {
            text.append(name(entry.destination, &names))
        }
        text.append("\n")
    }

    /// Minutes and seconds, each of at least two digits.
    private static func remaining(_ seconds: UInt32) -> String {
        func twoDigits(_ number: UInt32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(twoDigits(seconds / 60)):\(twoDigits(seconds % 60))"
    }
}
