// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Testing
import YAMLDocuments

@testable import ManifestFiles

struct ManifestContentTests {
    private func read(_ bytes: [UInt8], _ format: ManifestFormat) throws -> ManifestContent {
        var interner = StringInterner()
        return try ManifestContent(of: bytes, format: format, interner: &interner)
    }

    private func names(_ content: ManifestContent) -> [String] {
        content.items.map { item in
            if case .object(let object) = item.outcome { object.id.name.name } else { "\(item.outcome)" }
        }
    }

    @Test func `bytes that are not UTF-8 are refused with their line, and the documents around them are read`() throws {
        let bytes = Array((service("a", "10.0.0.1") + "---\na: ").utf8) + [0xc3, 0x28] + Array("\n---\n".utf8)
        let content = try read(bytes + Array(service("b", "10.0.0.2").utf8), .yaml)
        #expect(names(content) == ["a", "b"])
        #expect(content.unread.map(\.error.line) == [10])
        #expect(content.unread.map(\.number) == [2])
    }

    @Test(arguments: [ManifestFormat.yaml, .json])
    func `a byte order mark is no part of the text`(format: ManifestFormat) throws {
        let text =
            #"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"clusterIP": "10.0.0.1"}}"#
        #expect(try names(read([0xef, 0xbb, 0xbf] + Array(text.utf8), format)) == ["a"])
    }

    @Test func `JSON may be indented with tabs`() throws {
        let content = try read(Array("{\n\t\"apiVersion\":\t\"v1\",\n\t\"kind\": \"Pod\"\n}".utf8), .json)
        #expect(names(content) == ["otherKind(\"v1 Pod\")"])
    }

    /// A Service as one line of JSON, which is YAML too.
    private static func object(_ name: String, type: Bool = true, _ more: String = "") -> String {
        (type ? #"{"apiVersion": "v1", "kind": "Service", "# : "{")
            + #""metadata": {"name": "\#(name)"}, "spec": {"clusterIP": "10.0.0.1"\#(more)}}"#
    }

    /// Lists in each order that their members can have.
    private static let lists: [(text: String, names: [String])] = [
        (#"{"apiVersion": "v1", "kind": "List", "items": [A, B]}"#, ["a", "b"]),
        (#"{"items": [A, B], "apiVersion": "v1", "kind": "List"}"#, ["a", "b"]),
        (#"{"items": [BARE, A, BARE, B], "apiVersion": "v1", "kind": "ServiceList"}"#, ["bare", "a", "bare", "b"]),
        (#"{"kind": "ServiceList", "items": [BARE, A], "apiVersion": "v1"}"#, ["bare", "a"]),
        (#"{"kind": "ServiceList", "apiVersion": "v1", "items": [BARE, A], "metadata": {}}"#, ["bare", "a"]),
        (
            #"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "List", "items": [A]}, B]}"#,
            ["a", "b"]
        ),
        (#"{"items": [A, B], "apiVersion": "v1", "kind": "PodList"}"#, [#"otherKind("v1 PodList")"#]),
        (#"{"apiVersion": "v1", "kind": "PodList", "items": [A, B]}"#, [#"otherKind("v1 PodList")"#]),
        (#"{"apiVersion": "v1", "kind": "List", "items": []}"#, []),
        (#"{"items": [], "apiVersion": "v1", "kind": "PodList"}"#, [#"otherKind("v1 PodList")"#]),
        (#"{"apiVersion": "v1", "kind": "List", "metadata": {"items": [BARE]}, "items": null}"#, []),
        ("A", ["a"]),
    ]

    @Test(arguments: [ManifestFormat.yaml, .json], lists)
    func `a list read in parts holds what it holds when it is read whole`(
        format: ManifestFormat,
        list: (text: String, names: [String])
    ) throws {
        let text = list.text.replacing("BARE", with: Self.object("bare", type: false))
            .replacing("A,", with: Self.object("a") + ",").replacing("A]", with: Self.object("a") + "]")
            .replacing("B]", with: Self.object("b") + "]")
        let bytes = Array((text == "A" ? Self.object("a") : text).utf8)
        let content = try read(bytes, format)
        #expect(names(content) == list.names)
        var interner = StringInterner()
        let whole = try YAMLReader.read(bytes).flatMap { $0.kubernetesItems(interner: &interner) }
        #expect(content.items == whole)
    }

    @Test(arguments: [ManifestFormat.yaml, .json])
    func `a mistake in a list names its element, and the others are used`(format: ManifestFormat) throws {
        let bad = Self.object("bad", #", "ports": [{"port": "x"}]"#)
        for kind in [
            #""apiVersion": "v1", "kind": "List", "items": [LIST]"#,
            #""items": [LIST], "apiVersion": "v1", "kind": "List""#,
        ] {
            let list = [Self.object("a"), bad, "5", Self.object("b")].joined(separator: ",\n")
            let items = try read(Array("{\(kind.replacing("LIST", with: list))}".utf8), format).items
            try #require(items.count == 4)
            guard case .refused(let port, let id) = items[1].outcome, case .refused(let number, nil) = items[2].outcome
            else {
                Issue.record("\(items)")
                continue
            }
            #expect(port.description == "items[1].spec.ports[0].port: found the string \"x\", want an integer")
            #expect(port.line == 2 && id?.name.name == "bad")
            #expect(number.description == "items[2]: found the integer 5, want a mapping" && number.line == 3)
        }
    }

    @Test func `an object that did not change shares its memory with the one before`() throws {
        let text = Array(service("a", "10.0.0.1").utf8)
        let before = try read(text, .yaml).items
        guard case .object(var known) = before[0].outcome, case .service(var service) = known else {
            Issue.record("no Service")
            return
        }
        // Equal, and known by its ports' storage.
        service.ports.reserveCapacity(100)
        known = .service(service)
        var interner = StringInterner()
        let content = try ManifestContent(of: text, format: .yaml, interner: &interner) { $0 == known.id ? known : nil }
        guard case .object(.service(let again)) = content.items[0].outcome else {
            Issue.record("no Service")
            return
        }
        #expect(again == service && again.ports.capacity == service.ports.capacity)
    }

    @Test(arguments: [
        ("web.yaml", ManifestFormat.yaml), ("web.yml", .yaml), ("web.json", .json), (".web.yaml", nil),
        (".web.yaml.swp", nil), ("web.yaml~", nil), ("#web.yaml#", nil), ("web.yaml.bak", nil), ("4913", nil),
        ("..data", nil), ("README.md", nil), ("yaml", nil),
    ])
    func `a manifest is known by its name`(name: String, format: ManifestFormat?) {
        #expect(ManifestFormat(fileName: name) == format)
    }
}
