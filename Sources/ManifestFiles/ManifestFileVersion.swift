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

    /// Where each object stands among the objects: the first of those that are equal by name.
    private var positions: [KubernetesObject.ID: Int] = [:]
    /// What the file has more than once.
    private(set) var repeated: Set<KubernetesObject.ID> = []

    /// The object that counts of those that are equal by name.
    func object(_ id: KubernetesObject.ID) -> KubernetesObject? {
        positions[id].map { objects[$0].object }
    }

    /// - Parameter previous: What the file held before: an object that is now wrong as a whole stays as it was, and so does what may
    ///   have stood in a document that cannot be read.
    init(_ content: ManifestContent, file: String, previous: Self?) {
        let before = { (id: KubernetesObject.ID) in previous?.object(id) }
        for document in content.unread {
            find(document, file: file, isKept: previous.map { !$0.objects.isEmpty } ?? false)
        }
        var firstLineOfKind: [String: Int] = [:]
        for item in content.items {
            switch item.outcome {
            case .object(let object):
                objects.append(PlacedObject(object: object, line: item.line))
            case .ignored(let id, let reason):
                note(reason, of: id, item: item, file: file)
            case .otherKind(let kind):
                otherKinds[kind, default: 0] += 1
                firstLineOfKind[kind] = firstLineOfKind[kind] ?? item.line
            case .unusable(let id):
                if let object = before(id) { objects.append(PlacedObject(object: object, line: item.line)) }
            case .refused(let error, let id):
                let kept = id.flatMap(before)
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
        if !content.unread.isEmpty, let previous { keepAbsent(of: previous) }
        for (position, placed) in objects.enumerated() {
            if positions[placed.object.id] == nil {
                positions[placed.object.id] = position
            } else {
                repeated.insert(placed.object.id)
            }
        }
        noteOtherKinds(firstLineOfKind, file: file)
        if unlisted > 0 {
            findings.append(Finding(ManifestReport(unlisted: unlisted, of: file), identity: "unlisted"))
        }
    }

    private mutating func noteOtherKinds(_ firstLineOfKind: [String: Int], file: String) {
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
    }

    /// Keeps what the file held and now does not name.
    private mutating func keepAbsent(of previous: Self) {
        let present = Set(ids)
        objects += previous.objects.filter { !present.contains($0.object.id) }
    }

    private mutating func find(_ document: ManifestContent.UnreadDocument, file: String, isKept: Bool) {
        let reason = (document.number.map { "document \($0): " } ?? "") + document.error.reason
        find(
            ManifestReport(
                .error,
                file: file,
                line: document.error.line,
                message: reason + (isKept ? "; its last good version is kept" : "")
            ),
            identity: document.error.reason
        )
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
