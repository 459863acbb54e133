// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import FoundationEssentials
import KubernetesObjects
import Testing

@testable import PacketTrace

/// What `trace` prints, byte for byte: `docs/inspection.md` has the schema.
struct GoldenTraceTests {
    private static let folder = #filePath.components(separatedBy: "GoldenTraceTests").dropLast().joined() + "Golden/"

    private var names: TraceNames {
        var names = TraceNames()
        (names.service, names.port) = ("shop/checkout", "https")
        names.kind = "load balancer IP"
        names.endpoints = [SampleNode.address("10.244.1.11"): "pod shop/checkout-1 on node-1"]
        return names
    }

    private func path(from source: String) -> PacketPath {
        let target = SampleNode.target("203.0.113.92", 443)
        var node = SampleNode()
        node.serve(
            target, .loadBalancer, by: [("10.244.1.11", 1), ("10.244.2.15", 1), ("10.244.1.12", 0)], persistence: 10800)
        node.sets[.loadBalancerFirewall] = [.ipPort(target.address, .tcp, 443)]
        node.sets[.loadBalancerSourceCIDR] = [
            .ipPortNet(target.address, .tcp, 443, SampleNode.prefix("192.168.50.0/24"))
        ]
        node.foreignRules["filter"] = ["-A INPUT -m recent --name x --rcheck -j DROP"]
        return node.trace(source, target, names: names)
    }

    @Test(arguments: [("reached", "192.168.50.100"), ("dropped", "198.51.100.7")])
    func `the text is as it was`(name: String, source: String) throws {
        #expect(try String(contentsOfFile: Self.folder + name + ".txt", encoding: .utf8) == text(from: source))
    }

    @Test(arguments: [("reached", "192.168.50.100"), ("dropped", "198.51.100.7")])
    func `the JSON is as it was`(name: String, source: String) throws {
        #expect(try String(contentsOfFile: Self.folder + name + ".json", encoding: .utf8) == json(from: source))
    }

    private func text(from source: String) -> String {
        path(from: source).lines(origin: source, names: names).map { $0 + "\n" }.joined()
    }

    private func json(from source: String) -> String {
        let path = path(from: source)
        var text = "{\"schemaVersion\":1,\"steps\":["
        text += path.steps.map { "\n" + String(decoding: $0.json.text, as: UTF8.self) }.joined(separator: ",") + "\n]"
        for member in path.members(origin: source, names: names) {
            text += ",\n\"\(member.key)\":" + String(decoding: member.value.text, as: UTF8.self)
        }
        return text + "}\n"
    }
}
