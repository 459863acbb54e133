// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// What a file held when it was last good.
struct ManifestFileVersion {
    struct PlacedObject {
        var object: KubernetesObject
        /// From 1.
        var line: Int
    }

    private(set) var objects: [PlacedObject] = []
    private(set) var findings: [Finding] = []
    /// How many objects the file has of each kind that routing does not need.
    private(set) var otherKinds: [String: Int] = [:]

    var ids: [KubernetesObject.ID] { objects.map(\.object.id) }

    /// - Parameter previous: What the file held before: an object that is now wrong as a whole stays as it was.
    init(_ items: [DocumentItem], file: String, previous: Self?) {
        let before = Dictionary(
            (previous?.objects ?? []).map { ($0.object.id, $0.object) },
            uniquingKeysWith: { first, _ in first }
        )
        var firstLineOfKind: [String: Int] = [:]
        for item in items {
            switch item.outcome {
            case .object(let object):
                objects.append(PlacedObject(object: object, line: item.line))
            case .ignored(let id, let reason):
                note(reason, of: id, item: item, file: file)
            case .otherKind(let kind):
                otherKinds[kind, default: 0] += 1
                firstLineOfKind[kind] = firstLineOfKind[kind] ?? item.line
            case .unusable(let id):
                if let object = before[id] { objects.append(PlacedObject(object: object, line: item.line)) }
            case .refused(let error, let id):
                let kept = id.flatMap { before[$0] }
                if let kept { objects.append(PlacedObject(object: kept, line: item.line)) }
                find(
                    ManifestReport(
                        .error,
                        file: file,
                        line: error.line,
                        object: id?.description,
                        field: error.field.isEmpty ? nil : error.field,
                        message: error.explanation + (kept == nil ? "" : "; the object's last good version is kept")
                    ),
                    // Whether an older version is kept is no news.
                    identity: error.explanation
                )
            }
            for rejected in item.rejections { find(rejected, of: item, file: file) }
        }
        for (kind, line) in firstLineOfKind.sorted(by: { $0.value < $1.value }) {
            let count = otherKinds[kind] ?? 0
            let objects = count == 1 ? "1 object" : "\(count) objects"
            find(
                ManifestReport(
                    .notice,
                    file: file,
                    line: line,
                    field: "kind",
                    message: "\(objects) of the kind \(kind), which routing does not need, ignored"
                ),
                identity: kind
            )
        }
        if unlisted > 0 {
            findings.append(Finding(ManifestReport(unlisted: unlisted, of: file), identity: "unlisted"))
        }
    }

    private mutating func find(_ rejected: DocumentItem.LocatedRejection, of item: DocumentItem, file: String) {
        let rejection = rejected.rejection
        find(
            ManifestReport(
                .warning,
                file: file,
                line: rejected.line,
                object: "\(rejection.kind) \(rejection.object)",
                field: rejection.field,
                message: rejection.explanation,
                rejection: rejection
            ),
            identity: rejection.explanation
        )
    }

    /// Of what is ignored, only that is worth a word which an API server would have filled in or refused.
    private mutating func note(_ reason: IgnoredReason, of id: KubernetesObject.ID, item: DocumentItem, file: String) {
        let field: String
        let message: String
        switch reason {
        case .noClusterIP:
            field = "spec.clusterIP"
            message = "ignored: nothing allocates a cluster IP for a Service in a file"
        case .noServiceName:
            field = "metadata.labels[kubernetes.io/service-name]"
            message = "ignored: without the label the slice is of no Service"
        case .otherProxy, .headless, .externalName, .domainNames:
            return
        }
        find(
            ManifestReport(
                .notice,
                file: file,
                line: item.line,
                object: id.description,
                field: field,
                message: message
            ),
            identity: reason.rawValue
        )
    }

    /// Equal reports are told apart by their number: two nameless documents are two mistakes.
    private mutating func find(_ report: ManifestReport, identity: String) {
        guard findings.count < ManifestReport.mostOfFile else {
            unlisted += 1
            return
        }
        let first = Finding(report, identity: identity)
        occurrences[first.key, default: 0] += 1
        let number = occurrences[first.key] ?? 1
        findings.append(number == 1 ? first : Finding(report, identity: "\(identity) (\(number))"))
    }

    private var occurrences: [Finding.Key: Int] = [:]
    /// How many findings there are beyond those that are told of.
    private var unlisted = 0
}
