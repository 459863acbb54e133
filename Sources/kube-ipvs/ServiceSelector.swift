// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import Glibc

/// The virtual server that an argument such as `10.96.0.1:443`, `[fd00::1]:53`, `fd00::1` or `localhost:http` names.
///
/// Without a port it is the one for every port, port 0.
struct ServiceSelector {
    var transport: TransportProtocol

    /// `nil` when the text names no address, or no port of this protocol.
    func virtualServer(named text: String) -> VirtualServer.ID? {
        let host: Substring
        let port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[..<end].dropFirst()
            let rest = text[end...].dropFirst()
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if IPAddress(text)?.family == .v6 {
            host = text[...]
            port = nil
        } else {
            let colon = text.lastIndex(of: ":")
            host = text[..<(colon ?? text.endIndex)]
            port = colon.map { text[$0...].dropFirst() }
        }
        guard let address = Self.address(String(host)) else { return nil }
        guard let port else { return VirtualServer.ID(address: address, port: 0, transport: transport) }
        guard let number = portNumber(String(port)) else { return nil }
        return VirtualServer.ID(address: address, port: number, transport: transport)
    }

    /// An address from its text, or the first IPv4 address of a host of that name.
    private static func address(_ text: String) -> IPAddress? {
        if let address = IPAddress(text) { return address }
        // A plain number would be taken for an address by the resolver.
        guard !text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let host = unsafe gethostbyname(text),
            unsafe host.pointee.h_addrtype == AF_INET,
            let list = unsafe host.pointee.h_addr_list,
            let first = unsafe list.pointee
        else { return nil }
        let length = Int(unsafe host.pointee.h_length)
        return unsafe IPAddress(networkBytes: Array(UnsafeRawBufferPointer(start: first, count: length)))
    }

    private func portNumber(_ text: String) -> UInt16? {
        if let number = UInt16(text) { return number }
        guard let service = unsafe getservbyname(text, transport.lowercaseName) else { return nil }
        return UInt16(truncatingIfNeeded: unsafe service.pointee.s_port).bigEndian
    }
}

extension ServiceSelector {
    /// The same of an address and a port in digits alone: nobody is asked for names.
    func literal(_ text: String) -> VirtualServer.ID? {
        let isBracketed = text.hasPrefix("[")
        let host = isBracketed ? text.dropFirst().prefix { $0 != "]" } : text.prefix { $0 != ":" }
        let rest = text.dropFirst(host.count + (isBracketed ? 2 : 0))
        guard let address = IPAddress(String(host)), !isBracketed || address.family == .v6 else { return nil }
        guard !rest.isEmpty else { return VirtualServer.ID(address: address, port: 0, transport: transport) }
        guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
        return VirtualServer.ID(address: address, port: port, transport: transport)
    }
}
