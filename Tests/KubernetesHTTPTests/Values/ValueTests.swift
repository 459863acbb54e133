// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
import Testing

@testable import KubernetesHTTP

struct ValueTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", Int64(0)),
        ("2000-02-29T12:34:56Z", 951_827_696_000_000),
        ("2026-11-21T08:00:00.25Z", 1_795_248_000_250_000),
        ("2026-11-21T09:00:00+01:00", 1_795_248_000_000_000),
        ("2026-11-20T23:30:00.123456789-08:30", 1_795_248_000_123_456),
        ("1969-12-31T23:59:59.5Z", -500_000),
    ])
    func `a time is read as RFC 3339 has it`(text: String, microseconds: Int64) {
        #expect(UnixTime(rfc3339: text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026-11-21", "2026-13-01T00:00:00Z", "2026-11-21 08:00:00Z", "2026-11-21T08:00:00",
        "2026-11-21T08:00:00.Z",
        "2026-11-21T24:00:00Z", "2026-11-21T08:00:00Zx",
    ])
    func `what is no time is refused`(text: String) {
        #expect(UnixTime(rfc3339: text) == nil)
    }

    @Test(arguments: [Int64(0), 951_827_696_000_001, 1_795_248_000_250_000, -500_000, 4_107_542_399_999_999])
    func `a time that was written is read back as the same`(microseconds: Int64) {
        let time = UnixTime(microseconds: microseconds)
        #expect(UnixTime(rfc3339: time.microTime) == time)
    }

    @Test func `a micro time has six digits`() {
        #expect(UnixTime(microseconds: 1_795_248_000_000_042).microTime == "2026-11-21T08:00:00.000042Z")
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"), ("\u{ff}\u{fe}", "w7/Dvg=="),
    ])
    func `Base64 is read and written`(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test func `Base64 may be broken into lines`() {
        #expect(Base64.decode("Zm9v\n  YmFy\r\n") == Array("foobar".utf8))
    }

    @Test(arguments: ["Zg", "Zg=", "Zg===", "Z===", "=Zg=", "Zm9v!", "Zg==Zg==", "-_-_"])
    func `what is no Base64 is refused`(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func `JSON that was written is read back as the same`() throws {
        let value: JSONValue = [
            "text": "a \"quoted\"\\ line\nand\u{1}", "number": .integer(-3), "truth": .bool(true), "nothing": .null,
            "list": .array(["é", .double(0.5), .object([])]),
        ]
        let read = try #require(try JSONReader.read(value.text))
        #expect(JSONValue(read) == value)
    }

    @Test func `a secret is shown nowhere`() {
        struct Holder {
            var token = Secret("s3cret")
        }
        var dumped = ""
        dump(Holder(), to: &dumped)
        for text in ["\(Holder())", String(reflecting: Holder()), dumped] {
            #expect(!text.contains("s3cret"))
        }
    }
}
