// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel

extension IPSetEntry {
    /// The entry that ipset lists as `text` in a set of that type.
    ///
    /// `nil` when the text is not of the type, or is of a protocol that no Service port has. A network that ipset lists
    /// without a length is a single address. Protocols may be numbers: ipset prints those where `/etc/protocols` is
    /// missing.
    public init?(_ text: String, type: IPSetType) {
        var rest = Array(text.utf8)[...]
        switch type {
        case .bitmapPort:
            guard let port = Self.decimal(rest) else { return nil }
            self = .port(port)
        case .hashIP:
            guard let address = IPAddress(utf8: rest) else { return nil }
            self = .ip(address)
        case .hashIPPort:
            guard let (address, transport, port) = Self.addressAndPort(&rest), rest.isEmpty else { return nil }
            self = .ipPort(address, transport, port)
        case .hashIPPortIP:
            guard let (address, transport, port) = Self.addressAndPort(&rest), let second = IPAddress(utf8: rest)
            else { return nil }
            self = .ipPortIP(address, transport, port, second)
        case .hashIPPortNet:
            guard let (address, transport, port) = Self.addressAndPort(&rest), let network = Self.network(rest)
            else { return nil }
            self = .ipPortNet(address, transport, port, network)
        }
    }

    private static let comma = UInt8(ascii: ",")

    /// `ADDRESS,PROTOCOL:PORT`, with the comma after it if there is more.
    private static func addressAndPort(_ text: inout ArraySlice<UInt8>) -> (IPAddress, TransportProtocol, UInt16)? {
        let addressText = text.prefix { $0 != comma }
        let portText = text[addressText.endIndex...].dropFirst().prefix { $0 != comma }
        let name = portText.prefix { $0 != UInt8(ascii: ":") }
        guard let address = IPAddress(utf8: addressText),
            let transport = transport(name),
            let port = decimal(portText[name.endIndex...].dropFirst())
        else { return nil }
        text = text[portText.endIndex...]
        if !text.isEmpty {
            text.removeFirst()
            guard !text.isEmpty else { return nil }
        }
        return (address, transport, port)
    }

    private static func transport(_ name: ArraySlice<UInt8>) -> TransportProtocol? {
        if name.elementsEqual("tcp".utf8) { return .tcp }
        if name.elementsEqual("udp".utf8) { return .udp }
        if name.elementsEqual("sctp".utf8) { return .sctp }
        return decimal(name).flatMap(UInt8.init(exactly:)).flatMap(TransportProtocol.init(rawValue:))
    }

    private static func network(_ text: ArraySlice<UInt8>) -> IPPrefix? {
        let addressText = text.prefix { $0 != UInt8(ascii: "/") }
        guard let address = IPAddress(utf8: addressText) else { return nil }
        guard addressText.endIndex < text.endIndex else { return IPPrefix(host: address) }
        guard let length = decimal(text[addressText.endIndex...].dropFirst()).flatMap(UInt8.init(exactly:))
        else { return nil }
        return IPPrefix(address, length: length)
    }

    private static func decimal(_ text: ArraySlice<UInt8>) -> UInt16? {
        guard (1...5).contains(text.count) else { return nil }
        var number: UInt32 = 0
        for byte in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + UInt32(byte - UInt8(ascii: "0"))
        }
        return UInt16(exactly: number)
    }
}
