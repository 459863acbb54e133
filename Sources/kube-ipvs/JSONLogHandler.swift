// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import KubernetesHTTP
import KubernetesObjects
import Logging

/// Writes log lines as JSON, with the members that Kubernetes' components write for `logging.format: json`
/// (`k8s.io/component-base/logs/json`): `ts` in milliseconds of Unix time, `caller`, `msg`, then `v` where it is no error, `err`
/// where there is one, and what the line is about. Only a warning, which those do not know, has a `level` beside.
struct JSONLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        LogOutput.write(Self.line(LogRecord(event, metadata, at: .current)))
    }

    static func line(_ record: LogRecord) -> [UInt8] {
        var members: [JSONValue.Member] = [
            .init(key: "ts", value: .double(Double(record.time.microseconds) / 1000)),
            .init(key: "caller", value: .string(record.caller)),
            .init(key: "msg", value: .string(record.message)),
        ]
        if let verbosity = record.verbosity { members.append(.init(key: "v", value: .integer(Int64(verbosity)))) }
        if record.level == .warning { members.append(.init(key: "level", value: .string("warning"))) }
        if let error = record.error { members.append(.init(key: "err", value: .string(error))) }
        return JSONValue.object(members + record.members).text + "\n".utf8
    }
}

/// The standard error, where lines go.
enum LogOutput {
    /// Writes a line in one piece, so that lines of several threads do not mix. Nothing can be done about one that cannot be
    /// written.
    static func write(_ line: [UInt8]) {
        _ = unsafe line.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
