// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import KubernetesHTTP
import KubernetesObjects
import Logging

/// Writes log lines as klog does, which is what kube-proxy writes for `logging.format: text`:
///
///     I1130 10:42:42.877042       1 PassLog.swift:63] "pass" family="IPv4" set_entry=3
///
/// The first letter is the severity (`I`, `W`, `E`), then come month and day, the local time, and the process' number. Texts
/// are quoted as Go quotes them, so that each line is one, whatever it is about; numbers are not.
struct TextLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let record = LogRecord(event, metadata, at: .current)
        LogOutput.write(Self.line(record, LocalTime(record.time), process: getpid()))
    }

    static func line(_ record: LogRecord, _ time: LocalTime, process: Int32) -> [UInt8] {
        let severity =
            switch record.level {
            case .trace, .debug, .info, .notice: "I"
            case .warning: "W"
            // klog's F is for what ends the program by itself.
            case .error, .critical: "E"
            }
        var line = "\(severity)\(time) \(padded(process, to: 7, with: " ")) \(record.caller)] \(quoted(record.message))"
        if let error = record.error { line += " err=\(quoted(error))" }
        for member in record.members {
            line += " \(member.key.visible)=\(text(of: member.value))"
        }
        return Array("\(line)\n".utf8)
    }

    private static func text(of value: JSONValue) -> String {
        switch value {
        case .string(let text): quoted(text)
        // As klog writes lists and structures.
        case .null, .bool, .integer, .double, .array, .object: String(decoding: value.text, as: UTF8.self)
        }
    }

    private static func quoted(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\t": escaped += "\\t"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return "\"\(escaped.visible)\""
    }
}

/// A moment as klog writes it, by the clock on the wall: `1130 10:42:42.877042`.
struct LocalTime: CustomStringConvertible {
    let description: String

    init(_ time: UnixTime) {
        var seconds = time_t(time.microseconds / 1_000_000)
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        let date = unsafe [parts.tm_mon + 1, parts.tm_mday].map { padded($0, to: 2) }
        let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded($0, to: 2) }
        description =
            "\(date.joined()) \(clock.joined(separator: ":")).\(padded(time.microseconds % 1_000_000, to: 6))"
    }
}

private func padded(_ number: some BinaryInteger, to width: Int, with filling: Character = "0") -> String {
    let digits = String(number)
    return String(repeating: filling, count: max(0, width - digits.count)) + digits
}
