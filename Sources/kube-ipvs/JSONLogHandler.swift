import Glibc
import KubernetesHTTP
import KubernetesObjects
import Logging

/// Writes log lines as JSON, with the members that Kubernetes' components write for `logging.format: json`: `ts` in
/// milliseconds of Unix time, `caller`, `msg`, and `v` for what is no error; beside them `level` and what the line is about.
struct JSONLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = Self.line(
            event.level,
            event.message.description,
            metadata.merging(event.metadata ?? [:]) { $1 },
            caller: "\(event.source)/\(event.file.split(separator: "/").last ?? ""):\(event.line)",
            at: UnixTime.current
        )
        // In one piece, so that lines of several threads do not mix. Nothing can be done about one that cannot be written.
        _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    static func line(
        _ level: Logger.Level,
        _ message: String,
        _ metadata: Logger.Metadata,
        caller: String,
        at time: UnixTime
    ) -> [UInt8] {
        var members: [JSONValue.Member] = [
            .init(key: "ts", value: .double(Double(time.microseconds) / 1000)),
            .init(key: "caller", value: .string(caller)),
            .init(key: "level", value: .string(level.rawValue)),
            .init(key: "msg", value: .string(message)),
        ]
        if level < .error {
            members.append(.init(key: "v", value: .integer(verbosity(of: level))))
        }
        members += metadata.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string("\($0.value)")) }
        return JSONValue.object(members).text + "\n".utf8
    }

    /// At which `-v` such a line begins to be written.
    private static func verbosity(of level: Logger.Level) -> Int64 {
        switch level {
        case .trace: 4
        case .debug: 2
        default: 0
        }
    }
}
