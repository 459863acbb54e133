// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects

/// What `trace` is asked, such as `pod shop/cart-1 10.96.0.10:80/udp`.
struct TraceQuestion: Hashable {
    enum Origin: Hashable {
        case node
        case pod(ObjectName)
        /// Without a port: any.
        case address(IPAddress, UInt16?)
    }

    var origin: Origin
    var target: VirtualServer.ID

    /// What is wrong with the words, in a sentence.
    struct Mistake: Error, CustomStringConvertible {
        var description: String
    }

    /// - Parameter words: of the command line: `SOURCE DESTINATION`, where a source can be two of them.
    init(_ words: [String]) throws(Mistake) {
        switch (words.count, words.first) {
        case (3, "pod"):
            origin = .pod(try Self.pod(words[1]))
            target = try Self.target(words[2])
        case (2, "pod"):
            throw Mistake(description: "name the pod and the destination: pod NAMESPACE/NAME DESTINATION:PORT")
        case (2, "node"):
            origin = .node
            target = try Self.target(words[1])
        case (2, let source?):
            guard let (address, port) = Self.endpoint(source) else {
                throw Mistake(
                    description: "'\(source)' is no source: an address, ADDRESS:PORT, `node`, or `pod NAMESPACE/NAME`")
            }
            origin = .address(address, port)
            target = try Self.target(words[1])
        default: throw Mistake(description: "give a source and a destination, such as 198.51.100.7 203.0.113.10:443")
        }
        if case .address(let address, _) = origin, address.family != target.family {
            throw Mistake(description: "source and destination are of two families: \(address) and \(target.address)")
        }
    }

    private static func pod(_ text: String) throws(Mistake) -> ObjectName {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw Mistake(description: "'\(text)' is no pod, such as shop/cart-1")
        }
        return ObjectName(namespace: String(parts[0]), name: String(parts[1]))
    }

    private static func target(_ text: String) throws(Mistake) -> VirtualServer.ID {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let transport = parts.count == 1 ? .tcp : TransportProtocol(kubernetesName: parts[1].uppercased())
        guard let transport, let (address, port) = endpoint(String(parts[0])), let port, port > 0 else {
            throw Mistake(description: "'\(text)' is no destination, such as 10.96.0.10:443, [fd00::1]:53/udp")
        }
        return VirtualServer.ID(address: address, port: port, transport: transport)
    }

    /// `1.2.3.4`, `1.2.3.4:80`, `fd00::1`, `[fd00::1]` or `[fd00::1]:80`.
    private static func endpoint(_ text: String) -> (IPAddress, UInt16?)? {
        if let address = IPAddress(text) { return (address, nil) }
        guard let selected = ServiceSelector(transport: .tcp).literal(text) else { return nil }
        return (selected.address, selected.port == 0 ? nil : selected.port)
    }
}
