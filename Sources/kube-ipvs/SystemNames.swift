import Addressing
import Glibc
import IPVSListing

/// The names that the system's resolver and `/etc/services` give, each asked for once.
struct SystemNames: NameResolver {
    private struct Port: Hashable {
        var number: UInt16
        var transport: TransportProtocol
    }

    private var hosts: [IPAddress: String?] = [:]
    private var services: [Port: String?] = [:]

    mutating func hostName(of address: IPAddress) -> String? {
        if let known = hosts[address] { return known }
        let name = Self.lookUp(address)
        hosts[address] = .some(name)
        return name
    }

    mutating func serviceName(of port: UInt16, _ transport: TransportProtocol) -> String? {
        let key = Port(number: port, transport: transport)
        if let known = services[key] { return known }
        let name = Self.lookUp(key)
        services[key] = .some(name)
        return name
    }

    private static func lookUp(_ address: IPAddress) -> String? {
        let bytes = address.networkBytes
        let family = address.family == .v4 ? AF_INET : AF_INET6
        // gethostbyaddr and not getnameinfo: it is what ipvsadm asks, and getnameinfo shortens names of the own domain.
        return unsafe bytes.withUnsafeBytes { buffer in
            guard let host = unsafe gethostbyaddr(buffer.baseAddress, socklen_t(buffer.count), family),
                let name = unsafe host.pointee.h_name
            else { return nil }
            return unsafe String(cString: name)
        }
    }

    private static func lookUp(_ port: Port) -> String? {
        guard let service = unsafe getservbyport(Int32(port.number.bigEndian), port.transport.lowercaseName),
            let name = unsafe service.pointee.s_name
        else { return nil }
        return unsafe String(cString: name)
    }
}
