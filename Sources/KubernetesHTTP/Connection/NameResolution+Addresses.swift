// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import Glibc

extension NameResolution {
    /// The addresses of a host, which may be an address itself, in ascending order; none where the resolver knows none. It blocks
    /// for as long as the name servers take.
    public static func addresses(of host: String) -> [IPAddress] {
        if let address = IPAddress(host) { return [address] }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { unsafe freeaddrinfo(list) }
        var addresses: Set<IPAddress> = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe numeric(entry.pointee).flatMap({ IPAddress($0) }) { addresses.insert(address) }
            unsafe next = entry.pointee.ai_next
        }
        return addresses.sorted()
    }

    private static func numeric(_ entry: addrinfo) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = unsafe getnameinfo(
            entry.ai_addr, entry.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
        guard status == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension ClusterConnection {
    /// Whom connections are made to: the proxy where there is one, else the API server.
    public var peer: (host: String, port: UInt16) {
        proxy.map { ($0.host, UInt16(clamping: $0.port)) } ?? (server.host, UInt16(clamping: server.port))
    }
}
