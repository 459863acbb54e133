// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
import DataplaneModel

/// An entry of IPVS's connection table.
public struct ConnectionEntry: Hashable, Sendable {
    public struct Endpoint: Hashable, Sendable {
        public var address: IPAddress
        /// Host byte order. 0 in the client and for every port in persistence templates.
        public var port: UInt16

        public init(address: IPAddress, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    /// As the kernel names it: `TCP`, `UDP`, `SCTP`, or `IP` for templates of firewall-mark services.
    public var protocolName: String
    public var client: Endpoint
    public var virtual: Endpoint
    /// A tunnel's may have the other family.
    public var destination: Endpoint
    /// As the kernel names it, such as `ESTABLISHED`.
    public var state: String
    /// Seconds until the entry goes, unless a packet comes.
    public var expires: UInt32
    /// What a persistence engine remembered.
    public var persistence: PersistenceRecord?

    public struct PersistenceRecord: Hashable, Sendable {
        /// Such as `sip`.
        public var engine: String
        /// Such as a call's `Call-ID`.
        public var data: String

        public init(engine: String, data: String) {
            self.engine = engine
            self.data = data
        }
    }

    public init(
        protocolName: String,
        client: Endpoint,
        virtual: Endpoint,
        destination: Endpoint,
        state: String,
        expires: UInt32,
        persistence: PersistenceRecord? = nil
    ) {
        self.protocolName = protocolName
        self.client = client
        self.virtual = virtual
        self.destination = destination
        self.state = state
        self.expires = expires
        self.persistence = persistence
    }
}

extension ConnectionEntry {
    /// An entry from a line of `/proc/net/ip_vs_conn`, as `ip_vs_conn_seq_show` of the kernel writes it: IPv4 addresses in
    /// eight hexadecimal digits, IPv6 ones in groups, ports in hexadecimal. `nil` when the line is not of that form.
    public init?(line: some Collection<UInt8>) {
        let fields = line.split(maxSplits: 11) { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        func text(_ index: Int) -> String { String(decoding: fields[index], as: UTF8.self) }
        guard fields.count >= 9,
            let client = Endpoint(fields: text(1), text(2)),
            let virtual = Endpoint(fields: text(3), text(4)),
            let destination = Endpoint(fields: text(5), text(6)),
            let expires = UInt32(text(8))
        else { return nil }
        self.init(
            protocolName: text(0),
            client: client,
            virtual: virtual,
            destination: destination,
            state: text(7),
            expires: expires,
            persistence: fields.count >= 11 ? PersistenceRecord(engine: text(9), data: text(10)) : nil
        )
    }
}

extension ConnectionEntry.Endpoint {
    fileprivate init?(fields address: String, _ port: String) {
        guard let port = UInt16(port, radix: 16) else { return nil }
        if let number = UInt32(address, radix: 16) {
            self.init(address: IPAddress(v4: number), port: port)
        } else if let address = IPAddress(address) {
            self.init(address: address, port: port)
        } else {
            return nil
        }
    }
}
