// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Testing

/// Objects that are much larger than any that an API server takes.
@Suite(.timeLimit(.minutes(5))) struct LargeObjectTests {
    private func service(ports: [String]) -> String {
        #"""
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
         "spec": {"clusterIP": "10.0.0.1", "ports": [\#(ports.joined(separator: ","))]}}
        """#
    }

    @Test func `a Service of all ports there are is read in a time in proportion to them`() throws {
        let item = try item(service(ports: (1...65_535).map { #"{"name": "p\#($0)", "port": \#($0)}"# }))
        #expect(item.rejections.isEmpty)
        guard case .object(.service(let service)) = item.outcome else {
            Issue.record("\(item.outcome)")
            return
        }
        #expect(service.ports.count == 65_535)
    }

    @Test func `of an object with many mistakes a hundred are told`() throws {
        let item = try item(service(ports: [String](repeating: #"{"port": 0}"#, count: 10_000)))
        #expect(item.rejections.count == 100)
        #expect(
            item.rejections.last?.rejection.explanation
                == "0 is not a port: want 1 to 65535; what else is wrong with the object is not told of"
        )
    }

    @Test func `items beyond a limit are not looked at`() throws {
        var interner = StringInterner()
        let list = #"{"apiVersion": "v1", "kind": "List", "items": [{}, {}, {}, {}, {}]}"#
        let document = try #require(try JSONReader.read(Array(list.utf8)))
        #expect(document.kubernetesItems(interner: &interner, limit: 2).count == 3)
    }

    @Test func `a message shows the beginning of a long value, whatever its characters`() {
        let text = "a" + String(repeating: "\u{301}", count: 1000)
        let kind = DocumentNode.Entry(key: "kind", value: DocumentNode(.string(text), line: 1))
        let document = DocumentNode(.mapping([kind]), line: 1)
        var interner = StringInterner()
        let items = document.kubernetesItems(interner: &interner)
        #expect("\(items)".utf8.count < 2000)
    }
}
