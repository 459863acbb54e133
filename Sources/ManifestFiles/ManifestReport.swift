// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects

/// Something about the manifests that a person should know. Each is told once, and again only after it has gone or
/// changed.
public struct ManifestReport: Hashable, Sendable {
    public enum Severity: Hashable, Sendable {
        /// A file or an object is not used as it is now; what it was before is kept.
        case error
        /// A part of an object is not used, or one of two equal objects.
        case warning
        /// Nothing is wrong, and something has no effect.
        case notice
    }

    public var severity: Severity
    /// The file's name without its directory; `nil` when the report is about the directory itself.
    public var file: String?
    /// From 1; `nil` when the report is about the file as a whole.
    public var line: Int?
    /// The object in question, such as `Service default/web`.
    public var object: String?
    /// The path of the field, such as `spec.ports[0].port`.
    public var field: String?
    /// What is wrong, without the above.
    public var message: String
    /// What was left out of an object.
    public var rejection: Rejection?

    init(
        _ severity: Severity,
        file: String? = nil,
        line: Int? = nil,
        object: String? = nil,
        field: String? = nil,
        message: String,
        rejection: Rejection? = nil
    ) {
        self.severity = severity
        self.file = file
        self.line = line
        self.object = object
        self.field = field
        self.message = message
        self.rejection = rejection
    }
}

extension ManifestReport: CustomStringConvertible {
    /// On one line: `web.yaml:12: Service default/web: spec.ports[0].port: 0 is not a port: want 1 to 65535`.
    public var description: String {
        let place = file.map { file in line.map { "\(file):\($0)" } ?? file }
        return [place, object, field, message].compactMap(\.self).joined(separator: ": ")
    }
}

extension ManifestReport {
    /// Nobody reads on after as many of one file.
    static let mostOfFile = 100

    init(unlisted count: Int, of file: String) {
        self.init(.warning, file: file, message: "\(count) more of this file are not told of")
    }
}

extension [ManifestReport] {
    /// Without those that are too many of one file: a file can hold each object of another thousands of times.
    var shortened: [ManifestReport] {
        var counts: [String: Int] = [:]
        for report in self { counts[report.file ?? "", default: 0] += 1 }
        // What a file holds is cut already, and the last of that is how much was.
        let long = counts.filter { $0.value > ManifestReport.mostOfFile + 1 }
        guard !long.isEmpty else { return self }
        var told: [String: Int] = [:]
        let kept = filter { report in
            let file = report.file ?? ""
            guard long[file] != nil else { return true }
            told[file, default: 0] += 1
            return told[file, default: 0] <= ManifestReport.mostOfFile
        }
        let rest = long.sorted { $0.key < $1.key }.map { file, count in
            ManifestReport(unlisted: count - ManifestReport.mostOfFile, of: file)
        }
        return kept + rest
    }
}
