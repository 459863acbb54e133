// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
public import DataplaneModel
public import IPVSListing
import KubernetesObjects

/// Questions for names and the answers to them, as they go over the daemon's local socket: a line for each server, its fields
/// with tabulators between them.
///
///     TCP     10.96.0.10      80                                  the question
///     V       shop    web     http                                its answer; V alone where no Service wants it
///     R       10.244.1.11     8080    web-7d4b9c6f5-x2k7p     worker-1        zone-a
///     R       10.244.1.12     8080                                            42       drains for 42 s
///     E                                                           the end
public enum ServerNamesText {
    /// So many virtual servers are asked for together.
    public static let mostAsked = 256
    /// An answer ends with the virtual server that goes beyond so many bytes; what is missing is to be asked for again.
    public static let usualSize = 1 << 20

    public static func question(_ ids: some Sequence<VirtualServer.ID>) -> [UInt8] {
        Array(ids.map { "\($0.transport)\t\($0.address)\t\($0.port)\n" }.joined().utf8)
    }

    /// - Returns: `nil` for what is no question.
    public static func asked(in question: [UInt8]) -> [VirtualServer.ID]? {
        var ids: [VirtualServer.ID] = []
        for line in question.split(separator: UInt8(ascii: "\n")) {
            let fields = String(decoding: line, as: UTF8.self)
                .split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 3, ids.count < mostAsked,
                let transport = TransportProtocol(kubernetesName: fields[0]),
                let address = IPAddress(String(fields[1])),
                let port = UInt16(fields[2])
            else { return nil }
            ids.append(VirtualServer.ID(address: address, port: port, transport: transport))
        }
        return ids
    }

    /// - Parameter names: those of each virtual server that was asked for, in that order.
    public static func answer(_ names: some Sequence<ServerNames>) -> [UInt8] {
        var text: [UInt8] = []
        for names in names {
            let service = names.service.map { [$0.namespace, $0.name, $0.port] } ?? []
            append(["V"] + service, to: &text)
            for (id, endpoint) in names.endpoints {
                let drain = endpoint.drainAge.map { "\($0)" } ?? ""
                let fields = [endpoint.pod ?? "", endpoint.node ?? "", endpoint.zone ?? "", drain]
                append(["R", "\(id.address)", "\(id.port)"] + fields, to: &text)
            }
            if text.count >= usualSize { break }
        }
        append(["E"], to: &text)
        return text
    }

    /// The names in an answer; `nil` for what is none, or not whole.
    public static func names(in answer: [UInt8]) -> [ServerNames]? {
        var names: [ServerNames] = []
        var isWhole = false
        for line in answer.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            guard !isWhole else { return nil }
            switch (fields[0], fields.count) {
            case ("V", 1): names.append(ServerNames())
            case ("V", 4):
                names.append(ServerNames(service: .init(namespace: fields[1], name: fields[2], port: fields[3])))
            case ("R", 7):
                guard !names.isEmpty, let address = IPAddress(fields[1]), let port = UInt16(fields[2]) else {
                    return nil
                }
                names[names.count - 1].endpoints[RealServer.ID(address: address, port: port)] = ServerNames.Endpoint(
                    pod: fields[3].nonEmpty, node: fields[4].nonEmpty, zone: fields[5].nonEmpty,
                    drainAge: Int64(fields[6]))
            case ("E", 1): isWhole = true
            default: return nil
            }
        }
        return isWhole ? names : nil
    }

    private static func append(_ fields: [String], to text: inout [UInt8]) {
        for (index, field) in fields.enumerated() {
            if index > 0 { text.append(UInt8(ascii: "\t")) }
            // A name in a manifest is whatever somebody wrote.
            for byte in field.visible.utf8 { text.append(byte == UInt8(ascii: "\t") ? UInt8(ascii: " ") : byte) }
        }
        text.append(UInt8(ascii: "\n"))
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
