// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Testing

@testable import YAMLDocuments

struct YAMLReaderTests {
    private func read(_ text: String) throws -> [DocumentNode] {
        try YAMLReader.read(text)
    }

    @Test(arguments: [
        ("80", DocumentNode.Value.integer(80)), ("-1", .integer(-1)), ("+7", .integer(7)), ("0", .integer(0)),
        ("0x1F", .integer(31)), ("\"80\"", .string("80")), ("'80'", .string("80")), ("!!str 80", .string("80")),
        ("! 80", .string("80")), ("!!int 80", .integer(80)), ("0080", .double(80)), ("0o17", .integer(15)),
        ("010", .integer(8)), ("0b101", .integer(5)),
        ("1.5", .double(1.5)), ("1e3", .double(1000)), (".5", .double(0.5)), ("1_000", .integer(1000)),
        ("10.0.0.1", .string("10.0.0.1")), ("10.0.0.0/8", .string("10.0.0.0/8")), ("fd00::1", .string("fd00::1")),
        ("::1", .string("::1")), ("1e", .string("1e")), (".", .string(".")),
        ("-inf", .string("-inf")), ("-.inf", .double(-.infinity)), ("+0x1F", .integer(31)), ("-0b11", .integer(-3)),
        ("08", .double(8)),
        ("1e400", .string("1e400")), ("18446744073709551615", .double(0x1p64)),
        ("-9223372036854775808", .integer(.min)),
        ("+-1", .string("+-1")), ("20:30", .string("20:30")), ("1__0", .integer(10)), ("._5", .string("._5")),
        ("2024-01-01", .string("2024-01-01")), ("0x", .string("0x")), ("9223372036854775808", .double(0x1p63)),
        ("true", .bool(true)), ("FALSE", .bool(false)), ("Yes", .bool(true)), ("off", .bool(false)),
        ("tRUE", .string("tRUE")), ("\"true\"", .string("true")), ("y", .bool(true)), ("N", .bool(false)),
        (".inf", .double(.infinity)), ("_1", .string("_1")), ("0x_1f", .integer(31)), ("none", .string("none")),
        ("|\n  80", .string("80")), ("a b", .string("a b")), ("\"\"", .string("")), ("nullish", .string("nullish")),
    ])
    func `a scalar means what it means to kubectl`(text: String, value: DocumentNode.Value) throws {
        let found = try #require(try read("k: \(text)").first)
        guard case .mapping(let entries) = found.value else {
            Issue.record("no mapping")
            return
        }
        #expect(entries.map(\.value.value) == [value])
    }

    @Test(arguments: ["~", "null", "NULL", "", "# only a comment", "---\n---\n", "\n\n---\n# x\n...\n"])
    func `an empty document is none`(text: String) throws {
        #expect(try read(text).isEmpty)
    }

    @Test func `documents and nodes know their lines`() throws {
        let documents = try read("a:\n  - 1\n---\n---\nb:\n  c: 2\n  d:\n")
        #expect(documents.map(\.line) == [1, 5])
        #expect(documents.first?.line(ofField: "a[0]") == 2)
        #expect(documents.last?.line(ofField: "b.c") == 6)
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3", 1, "\"a\""), ("x:\n  \"a\": 1\n  a: 2", 2, "\"a\""), ("a: [1", 2, "flow sequence"),
        ("a: 1\n b: 2", 2, "mapping values"), ("a:\n\t- 1", 2, "cannot start any token"),
        ("a: *b", 1, "undefined alias"),
        ("a: &b [*b]", 1, "undefined alias"), ("a: !x 1", 1, "tag"), ("? [1]\n: 2", 1, "scalar"),
        ("a: \"b", 1, "quoted"), ("a: 1\nb: \u{1}", 2, "control characters"), ("<<: 1", 1, "\"<<\""),
        ("a: b: c", 1, "mapping values"),
    ])
    func `what is no document is refused with its line and reason`(text: String, line: Int, reason: String) throws {
        let error = #expect(throws: DocumentSyntaxError.self) { try read(text) }
        #expect(error?.line == line)
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
    }

    @Test func `a document after a broken one does not count`() throws {
        #expect(throws: DocumentSyntaxError.self) { try read("a: 1\n---\nb: [\n---\nc: 1") }
    }

    @Test func `aliases and merge keys are followed`() throws {
        let document = try #require(
            try read(
                "base: &base {a: 1, b: 2}\nalias: *base\nmerged:\n  b: 3\n  <<: *base\nall:\n  <<: [*base, {c: 4}]"
            )
            .first
        )
        func keys(_ field: String) -> [String] {
            guard case .mapping(let entries) = document.value,
                case .mapping(let fields)? = entries.first(where: { $0.key == field })?.value.value
            else { return [] }
            return fields.map { "\($0.key)=\($0.value.value)" }
        }
        #expect(keys("alias") == ["a=integer(1)", "b=integer(2)"])
        #expect(keys("merged") == ["b=integer(3)", "a=integer(1)"])
        #expect(keys("all") == ["a=integer(1)", "b=integer(2)", "c=integer(4)"])
    }

    @Test func `aliases cannot grow a text without bound`() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...20 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let error = #expect(throws: DocumentSyntaxError.self) { try read(text) }
        #expect(error?.reason.contains("aliases") == true)
    }

    @Test func `nesting has a bound`() throws {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: DocumentSyntaxError.self) { try read(text) }
        #expect(try read(String(repeating: "[", count: 400) + String(repeating: "]", count: 400)).count == 1)
    }
}
