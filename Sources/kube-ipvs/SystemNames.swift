// SPDX-License-Identifier: GPL-2.0-or-later
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
    /// What may still be spent on name servers that do not answer: a dead one takes ten seconds for each address.
    private var patience = Duration.seconds(10)
    /// Read when the patience is at its end, and asked from then on.
    private var hostsFile: HostsFile?
    private var services: [Port: String?] = [:]

    mutating func hostName(of address: IPAddress) -> String? {
        if let known = hosts[address] { return known }
        let name = hostsFile.map { $0[address] } ?? patientlyLookUp(address)
        hosts[address] = .some(name)
        return name
    }

    private mutating func patientlyLookUp(_ address: IPAddress) -> String? {
        let clock = ContinuousClock()
        let start = clock.now
        if let name = Self.lookUp(address) { return name }
        let elapsed = start.duration(to: clock.now)
        // A server that knows no name says so sooner.
        if elapsed > .seconds(1) { patience -= elapsed }
        if patience <= .zero {
            StandardError.write("warning: the name servers do not answer; showing addresses without a name (see -n)")
            hostsFile = HostsFile()
        }
        return nil
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
