// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Testing

struct JSONReaderTests {
    private func read(_ text: String) throws -> DocumentNode? {
        try JSONReader.read(Array(text.utf8))
    }

    @Test(arguments: [
        ("null", DocumentNode.Value.null), (" true\n", .bool(true)), ("false", .bool(false)), ("0", .integer(0)),
        ("-12", .integer(-12)), ("9223372036854775807", .integer(.max)), ("9223372036854775808", .double(0x1p63)),
        ("1.5", .double(1.5)), ("1e3", .double(1000)), ("-0.5E-1", .double(-0.05)), (#""""#, .string("")),
        (#""a\"\\\/\b\f\n\r\t""#, .string("a\"\\/\u{8}\u{c}\n\r\t")), (#""\u00e4\ud83d\ude00x""#, .string("ä😀x")),
        (#""ä😀""#, .string("ä😀")), ("[]", .sequence([])), ("{}", .mapping([])),
        ("\t[\t1\t,\r\n2 ]", .sequence([DocumentNode(.integer(1), line: 1), DocumentNode(.integer(2), line: 2)])),
    ])
    func `a value is what RFC 8259 says`(text: String, value: DocumentNode.Value) throws {
        #expect(try read(text)?.value == value)
    }

    @Test func `nodes know their lines and keys keep their order`() throws {
        let node = try #require(try read("{\n\"b\":\n  1,\n\"a\": [\n\n {}]}"))
        guard case .mapping(let entries) = node.value else {
            Issue.record("no mapping")
            return
        }
        #expect(entries.map(\.key) == ["b", "a"])
        #expect(node.line(ofField: "b") == 3)
        #expect(node.line(ofField: "a") == 4)
        #expect(node.line(ofField: "a[0]") == 6)
        #expect(node.line(ofField: "a[0].missing") == 6)
        #expect(node.line(ofField: "a[9]") == 4)
        #expect(node.line(ofField: "") == 1)
    }

    @Test(arguments: ["", " \n\t "])
    func `a text without a value is no document`(text: String) throws {
        #expect(try read(text) == nil)
    }

    @Test(arguments: [
        ("{", 1), ("[1,\n]", 2), ("[1 2]", 1), ("{\"a\" 1}", 1), ("{\"a\":1,\n}", 2), ("{a: 1}", 1), ("{\"a\":\n", 2),
        ("\"a", 1), ("\"a\nb\"", 1), (#""\x""#, 1), (#""\u12"#, 1), (#""\u+123""#, 1), (#""\ud800""#, 1),
        (#""\ud800\u0041""#, 1), (#""\udc00""#, 1), ("01", 1), ("-", 1), ("1.", 1), ("1e", 1), (".5", 1), ("+1", 1),
        ("nul", 1), ("true false", 1), ("\n\n'a'", 3), ("[1]]", 1), ("// a\n1", 1), ("\"a\\", 1), ("[", 1),
    ])
    func `what is no JSON is refused with its line`(text: String, line: Int) throws {
        let error = #expect(throws: DocumentSyntaxError.self) { try read(text) }
        #expect(error?.line == line)
    }

    @Test(arguments: [2, 40])
    func `a key that is there twice is refused`(count: Int) throws {
        let keys = (0..<count).map { "\"k\($0)\": 1" }.joined(separator: ",\n")
        let error = #expect(throws: DocumentSyntaxError.self) { try read("{\(keys),\n\"k1\": 2}") }
        #expect(error == DocumentSyntaxError(line: count + 1, reason: "the key \"k1\" is there twice"))
        #expect(try read("{\(keys)}") != nil)
    }

    @Test func `nesting has a bound`() throws {
        let deepest = 500
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try read(nested(deepest)) != nil)
        #expect(throws: DocumentSyntaxError.self) { try read(nested(deepest + 1)) }
        #expect(throws: DocumentSyntaxError.self) { try read(String(repeating: "[", count: 1_000_000)) }
    }
}
