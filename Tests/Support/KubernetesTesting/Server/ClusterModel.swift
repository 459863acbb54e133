// SPDX-License-Identifier: GPL-2.0-or-later
package import KubernetesObjects

/// What an API server holds: objects, and the history that led to them. A value, without connections.
package struct ClusterModel: Sendable {
    /// One change of one object, or of something that nobody watches.
    struct Change: Sendable {
        var version: Int
        var id: KubernetesObject.ID?
        /// As it was before and as it is after; `nil` where there was or is none.
        var before: DocumentNode?
        var after: DocumentNode?
    }

    private(set) var objects: [KubernetesObject.ID: DocumentNode] = [:]
    private(set) var history: [Change] = []
    /// The version of the last change; the first is 1.
    private(set) var version = 1
    /// A watch that begins after an older version has missed something.
    private(set) var oldest = 1
    /// Pages of lists that have been begun: what is still to be sent, as of one version.
    private var pages: [String: (version: Int, rest: [DocumentNode])] = [:]
    private var lastPage = 0

    package init() {}

    /// Creates or replaces an object.
    package mutating func set(_ id: KubernetesObject.ID, _ document: DocumentNode) {
        version += 1
        var document = document
        document["metadata", "resourceVersion"] = .text("\(version)")
        history.append(Change(version: version, id: id, before: objects[id], after: document))
        objects[id] = document
    }

    package mutating func delete(_ id: KubernetesObject.ID) {
        guard var document = objects.removeValue(forKey: id) else { return }
        version += 1
        // A deleted object is sent as it was, with the version of its end.
        document["metadata", "resourceVersion"] = .text("\(version)")
        history.append(Change(version: version, id: id, before: document, after: nil))
    }

    /// Forgets the history: no watch begins, and no list goes on, at a version of before. Watches that are open have had
    /// it, or will.
    package mutating func compact() {
        // A change that no watch sees, so that the newest version of before is old too.
        version += 1
        history.append(Change(version: version, id: nil))
        oldest = version
        pages = [:]
    }

    func firstChange(after version: Int) -> Change? {
        // Versions of the history are consecutive.
        let index = max(version + 1 - (history.first?.version ?? 0), 0)
        return index < history.count ? history[index] : nil
    }

    /// The objects of a kind, in the order of their names.
    func documents(_ kind: KubernetesObject.Kind, _ selection: Selection) -> [DocumentNode] {
        objects.filter { $0.key.kind == kind && selection.contains($0.value) }
            .sorted { $0.key < $1.key }
            .map(\.value)
    }

    /// A page of a list.
    ///
    /// - Throws: The server's no, when the page before was too long ago.
    mutating func list(
        _ kind: KubernetesObject.Kind,
        _ selection: Selection,
        limit: Int?,
        continuation: String?
    ) throws(ServerRefusal) -> (items: [DocumentNode], version: Int, continuation: String) {
        var version = version
        var items: [DocumentNode]
        if let continuation {
            guard let page = pages.removeValue(forKey: continuation) else {
                throw ServerRefusal(status: .expired("of the continue token"))
            }
            (version, items) = page
        } else {
            items = documents(kind, selection)
        }
        guard let limit, limit > 0, items.count > limit else { return (items, version, "") }
        lastPage += 1
        let token = "page-\(lastPage)"
        pages[token] = (version, Array(items[limit...]))
        return (Array(items[..<limit]), version, token)
    }
}

/// A status that is thrown.
struct ServerRefusal: Error {
    var status: ServerStatus
}

/// What of a kind is asked for: the selectors that the daemon uses, and no others.
struct Selection: Hashable, Sendable {
    private var absentLabels: [String] = []
    private var labels: [String: String] = [:]
    private var excludesHeadless = false
    private var name: String?
    private let namespace: String?

    init(labelSelector: String?, fieldSelector: String?, namespace: String? = nil) throws(ServerRefusal) {
        self.namespace = namespace
        for requirement in labelSelector?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
            let parts = requirement.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            if requirement.hasPrefix("!"), parts.count == 1 {
                absentLabels.append(String(requirement.dropFirst()))
            } else if parts.count == 2 {
                labels[parts[0]] = parts[1]
            } else {
                throw Self.refusal("label", labelSelector ?? "")
            }
        }
        switch fieldSelector {
        case nil: break
        case "spec.clusterIP!=None"?: excludesHeadless = true
        case .some(let selector):
            guard selector.hasPrefix("metadata.name=") else { throw Self.refusal("field", selector) }
            name = String(selector.dropFirst("metadata.name=".count))
        }
    }

    func contains(_ document: DocumentNode) -> Bool {
        if absentLabels.contains(where: { document["metadata", "labels", $0] != nil }) { return false }
        if labels.contains(where: { document["metadata", "labels", $0]?.text != $1 }) { return false }
        if let namespace, document["metadata", "namespace"]?.text != namespace { return false }
        if excludesHeadless, document["spec", "clusterIP"]?.text == "None" { return false }
        if let name, document["metadata", "name"]?.text != name { return false }
        return true
    }

    private static func refusal(_ kind: String, _ selector: String) -> ServerRefusal {
        ServerRefusal(
            status: ServerStatus(
                code: 400, reason: "BadRequest", message: "unable to parse \(kind) selector \(selector)")
        )
    }
}
