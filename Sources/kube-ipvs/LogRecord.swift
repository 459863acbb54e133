// SPDX-License-Identifier: GPL-2.0-or-later
import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
import Logging

/// What one line of the log says, in the types of JSON, for whichever format it gets.
struct LogRecord {
    var time: UnixTime
    var level: Logger.Level
    var message: String
    /// Such as `PassLog.swift:63`.
    var caller: String
    /// What went wrong, where that is what the line is about.
    var error: String?
    /// What else the line is about, by key. A number is a number.
    var members: [JSONValue.Member]

    /// - Parameter metadata: that of the handler, to which the event's is added.
    init(_ event: LogEvent, _ metadata: Logger.Metadata, at time: UnixTime) {
        self.time = time
        level = event.level
        message = Self.cut(event.message.description)
        caller = "\(event.file.split(separator: "/").last ?? ""):\(event.line)"
        var all = metadata.merging(event.metadata ?? [:]) { $1 }
        // The name that Kubernetes' components give it is `err`; Swift's libraries say `error`.
        let values = ["err", "error"].compactMap { all.removeValue(forKey: $0) }
        error = (event.error.map { "\($0)" } ?? values.first.map { "\($0)" }).map(Self.cut)
        members = all.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: Self.value($0.value)) }
    }

    /// At which `-v` such a line begins to be written; `nil` for an error, which is always written.
    var verbosity: Int? {
        switch level {
        case .trace: 4
        case .debug: 2
        case .info, .notice, .warning: 0
        case .error, .critical: nil
        }
    }

    private static func value(_ value: Logger.MetadataValue) -> JSONValue {
        switch value {
        case .string(let text): .string(cut(text))
        case .stringConvertible(let value): Self.value(value)
        case .array(let values): .array(values.prefix(mostElements).map(Self.value))
        case .dictionary(let values):
            .object(
                values.sorted { $0.key < $1.key }.prefix(mostElements).map {
                    .init(key: $0.key, value: Self.value($0.value))
                })
        }
    }

    private static func value(_ value: any CustomStringConvertible) -> JSONValue {
        switch value {
        case let flag as Bool: .bool(flag)
        case let number as any BinaryInteger: .integer(Int64(clamping: number))
        case let number as Double: .double(number)
        // As Go writes it, which is how it is given too.
        case let duration as Duration: .string("\(GoDuration(duration))")
        default: .string(cut(value.description))
        }
    }

    /// In characters. A line is for reading, and the container runtime parts what is longer than 16 KiB.
    private static let longest = 4096
    private static let mostElements = 100

    private static func cut(_ text: String) -> String {
        text.utf8.count <= longest ? text : text.prefix(longest) + "…"
    }
}
