// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import KubernetesHTTP
import Logging
import Testing

@testable import kube_ipvs

/// Lines of the log as pipelines and people read them.
struct LogFormatTests {
    private static let time = UnixTime(microseconds: 1_764_499_362_877_042)

    private func record(
        _ level: Logger.Level = .info,
        _ message: Logger.Message = "pass",
        _ metadata: Logger.Metadata = [:],
        _ error: (any Error)? = nil,
        file: String = "NodeDaemon/PassLog.swift"
    ) -> LogRecord {
        var event = LogEvent(
            level: level, message: message, metadata: metadata, source: "NodeDaemon", file: file, function: "f",
            line: 63)
        event.error = error
        return LogRecord(event, [:], at: Self.time)
    }

    private func text(_ record: LogRecord) -> String {
        String(decoding: TextLogHandler.line(record, LocalTime(Self.time), process: 1), as: UTF8.self)
    }

    private func json(_ record: LogRecord) throws -> [String: Any] {
        let line = JSONLogHandler.line(record)
        #expect(line.last == UInt8(ascii: "\n"))
        #expect(!line.dropLast().contains(UInt8(ascii: "\n")))
        return try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    }

    // MARK: Text

    @Test func `a line of text has klog's header, and its way of writing values`() throws {
        let line = text(
            record(
                .info, "pass",
                [
                    "family": "IPv4", "count": .stringConvertible(3),
                    "took": .stringConvertible(Duration.microseconds(1500)),
                    "names": ["a", "b c"], "isOn": .stringConvertible(true), "rate": .stringConvertible(0.5),
                ]))
        let header = try #require(
            try #/^I(\d{4}) (\d\d:\d\d:\d\d\.\d{6}) +1 PassLog\.swift:63\] /#.prefixMatch(in: line))
        #expect(header.output.2.hasSuffix(".877042"))
        #expect(
            line[header.range.upperBound...]
                == #""pass" count=3 family="IPv4" isOn=true names=["a","b c"] rate=0.5 took="1.5ms""# + "\n")
        // As klog pads it.
        #expect(line.contains(".877042       1 PassLog"))
    }

    @Test(arguments: [
        (Logger.Level.trace, "I"), (.debug, "I"), (.info, "I"), (.notice, "I"), (.warning, "W"), (.error, "E"),
        (.critical, "E"),
    ])
    func `the first letter is klog's severity`(level: Logger.Level, letter: String) {
        #expect(text(record(level)).hasPrefix(letter))
    }

    @Test func `the time is that of the clock on the wall`() {
        let date = DateFormatter()
        date.locale = Locale(identifier: "en_US_POSIX")
        date.dateFormat = "MMdd HH:mm:ss"
        let moment = Date(timeIntervalSince1970: Double(Self.time.microseconds / 1_000_000))
        #expect(LocalTime(Self.time).description == "\(date.string(from: moment)).877042")
    }

    @Test(arguments: ["error", "err"])
    func `an error comes first, under klog's name`(key: String) {
        #expect(text(record(.error, "no", [key: "why", "a": "b"])).hasSuffix(#""no" err="why" a="b""# + "\n"))
    }

    @Test func `a line of text is one line, whatever it is about`() {
        let line = text(
            record(
                .info, "x\ny",
                [
                    "file": "a\n\"b\"\\c\t", "list": ["c\u{2028}", "d"], "deep": ["e": "f\r\u{202e}"],
                    "k\ney": "\u{1b}[2J",
                ]))
        #expect(line.filter { $0.isNewline }.count == 1)
        #expect(line.hasSuffix("\n"))
        #expect(line.contains(#""x\ny" "#))
        #expect(line.contains(#"file="a\n\"b\"\\c\t""#))
        for forbidden in ["\u{2028}", "\r", "\u{202e}", "\u{1b}"] {
            #expect(!line.unicodeScalars.contains(forbidden.unicodeScalars.first ?? " "))
        }
    }

    // MARK: JSON

    @Test func `a line of JSON has the keys and types of Kubernetes' components`() throws {
        let line = try json(
            record(
                .info, "pass",
                [
                    "family": "IPv4", "count": .stringConvertible(3), "size": .stringConvertible(UInt64.max),
                    "names": ["a"], "isOn": .stringConvertible(true), "node": "123",
                ]))
        #expect(Set(line.keys) == ["ts", "caller", "msg", "v", "family", "count", "size", "names", "isOn", "node"])
        #expect(line["ts"] as? Double == 1_764_499_362_877.042)
        #expect(line["caller"] as? String == "PassLog.swift:63")
        #expect(line["msg"] as? String == "pass")
        #expect(line["v"] as? Int == 0)
        #expect(line["count"] as? Int == 3)
        #expect(line["isOn"] as? Bool == true)
        // What is a text stays one, also where it looks like a number.
        #expect(line["node"] as? String == "123")
        let text = String(
            decoding: JSONLogHandler.line(record(.info, "pass", ["count": .stringConvertible(3)])), as: UTF8.self)
        #expect(text == #"{"ts":1764499362877.042,"caller":"PassLog.swift:63","msg":"pass","v":0,"count":3}"# + "\n")
    }

    @Test(arguments: [(Logger.Level.info, 0), (.notice, 0), (.warning, 0), (.debug, 2), (.trace, 4)])
    func `what is no error says from which verbosity on it is written`(level: Logger.Level, verbosity: Int) throws {
        let line = try json(record(level))
        #expect(line["v"] as? Int == verbosity)
        #expect(line["level"] as? String == (level == .warning ? "warning" : nil))
    }

    @Test func `an error has err and no verbosity`() throws {
        struct Failure: Error, CustomStringConvertible { var description: String { "broken" } }
        for line in [
            try json(record(.error, "no", ["error": "broken"])), try json(record(.critical, "no", [:], Failure())),
        ] {
            #expect(Set(line.keys) == ["ts", "caller", "msg", "err"])
            #expect(line["err"] as? String == "broken")
        }
    }

    @Test func `a line of JSON hides no sign that turns the text around`() {
        let line = String(decoding: JSONLogHandler.line(record(.info, "a\u{202e}b\u{1b}c\nd")), as: UTF8.self)
        #expect(!line.dropLast().unicodeScalars.contains { $0 == "\u{202e}" || $0 == "\u{1b}" || $0 == "\n" })
    }

    // MARK: Both

    @Test func `no value is longer than one can read`() throws {
        let long = String(repeating: "x", count: 1_000_000)
        let record = record(
            .info, "\(long)",
            ["a": .string(long), "b": .array(Array(repeating: "y", count: 10_000)), "error": .string(long)])
        #expect(text(record).utf8.count < 16384)
        #expect(JSONLogHandler.line(record).count < 16384)
    }

    @Test(arguments: ["text", "json"])
    func `the program itself logs so`(format: String) async throws {
        let outcome = try await Program.run(
            "--logging-format=\(format)", "--kubeconfig=/none", "--hostname-override=here", "--logtostderr")
        #expect(outcome.status == 1)
        let lines = outcome.errors.split(separator: "\n")
        #expect(lines.count == 2, "\(outcome.errors)")
        for line in lines {
            if format == "text" {
                #expect(
                    try #/^[WE]\d{4} \d\d:\d\d:\d\d\.\d{6} [ \d]{7} RunCommand\.swift:\d+\] ".*/#.wholeMatch(in: line)
                        != nil, "\(line)")
            } else {
                let members = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                #expect(members?["caller"] as? String != nil)
            }
        }
    }
}
