// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects

/// Why an answer is no report.
public struct StatusReadingError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}

extension StatusReport {
    /// Larger than any report: names and sets are bounded, errors are a line each.
    private static var limits: DocumentLimits { DocumentLimits(bytes: 1 << 20, depth: 16, values: 20_000) }

    /// The report in a JSON document as `json` writes it. Keys of later versions are passed over.
    public init(json bytes: [UInt8]) throws(StatusReadingError) {
        let document: DocumentNode?
        do throws(DocumentSyntaxError) {
            document = try JSONReader.read(try Self.limits.text(of: bytes), limits: Self.limits)
        } catch {
            throw StatusReadingError(description: "line \(error.line): \(error.reason)")
        }
        guard let document, document["schemaVersion"]?.integer == Self.schemaVersion else {
            throw StatusReadingError(description: "no status of schema version \(Self.schemaVersion)")
        }
        guard let time = document["time"]?.text, let node = document["node"]?.text else {
            throw StatusReadingError(description: "a status without its time and its node")
        }
        self.init(
            time: time,
            node: node,
            version: document["version"]?.text ?? "",
            uptime: document["uptime"]?.integer ?? 0,
            source: document["source"]?.text ?? ""
        )
        isNodeEligible = document["nodeEligible"]?.boolean ?? true
        families = document.list("families", FamilyStatus.init)
        watches = document.list("watches", WatchStatus.init)
        rejectedCount = document.count("rejectedCount")
        rejected = document.list("rejected") { node in
            node["text"]?.text.map { RejectedObject(text: $0, age: node["age"]?.integer ?? 0) }
        }
        settings = document.list("settings") { node in
            node["setting"]?.text.map { UnwrittenSetting(setting: $0, error: node["error"]?.text ?? "") }
        }
        dryRun = document["dryRun"].flatMap { node in
            guard node["differences"]?.integer != nil else { return nil }
            return DryRunStatus(differences: node.count("differences"), names: node.list("names", \.text))
        }
        repaired = document.list("repaired") { node in
            node["name"]?.text.map { RepairedObject(name: $0, age: node["age"]?.integer ?? 0) }
        }
    }
}

extension FamilyStatus {
    fileprivate init?(_ node: DocumentNode) {
        guard let family = IPFamily.allCases.first(where: { "\($0)" == node["family"]?.text }) else { return nil }
        self.init(family)
        isHealthy = node["healthy"]?.boolean ?? false
        lastCompletePass = node["lastCompletePass"]?.integer
        lastPass = node["lastPass"].flatMap { pass in
            pass["mode"]?.text.map {
                Pass(mode: $0, age: pass["age"]?.integer ?? 0, milliseconds: pass["milliseconds"]?.integer ?? 0)
            }
        }
        failures = node.list("failures") { failure in
            failure["part"]?.text.map {
                Failure(part: $0, error: failure["error"]?.text ?? "", age: failure["age"]?.integer ?? 0)
            }
        }
        virtualServers = node.count("virtualServers")
        contestedServers = node.count("contestedVirtualServers")
        realServers = node.count("realServers")
        draining = node.count("draining")
        refusedCount = node.count("refusedCount")
        refused = node.list("refused") { refused in
            refused["attempt"]?.text.map { Refused(attempt: $0, error: refused["error"]?.text ?? "") }
        }
        sets = node.list("sets") { set in
            set["name"]?.text.map {
                SetFill(name: $0, entries: set.count("entries"), capacity: set.count("capacity"))
            }
        }
        if case .mapping(let entries)? = node["drift"]?.value {
            drift = entries.map { DriftCount(kind: $0.key, count: Int($0.value.integer ?? 0)) }
        }
    }
}

extension WatchStatus {
    fileprivate init?(_ node: DocumentNode) {
        guard let resource = node["resource"]?.text, let state = node["state"]?.text.flatMap(State.init) else {
            return nil
        }
        self.init(resource: resource, state: state)
        lastEvent = node["lastEvent"]?.integer
        failedSince = node["failedSince"]?.integer
        error = node["error"]?.text
    }
}

extension DocumentNode {
    fileprivate subscript(key: String) -> DocumentNode? {
        guard case .mapping(let entries) = value else { return nil }
        return entries.first { $0.key == key }?.value
    }

    fileprivate var text: String? {
        if case .string(let text) = value { text } else { nil }
    }

    fileprivate var integer: Int64? {
        if case .integer(let number) = value { number } else { nil }
    }

    fileprivate var boolean: Bool? {
        if case .bool(let value) = value { value } else { nil }
    }

    fileprivate func count(_ key: String) -> Int { Int(self[key]?.integer ?? 0) }

    /// What `read` makes of each element; those that it makes nothing of are passed over.
    fileprivate func list<Element>(_ key: String, _ read: (DocumentNode) -> Element?) -> [Element] {
        guard case .sequence(let nodes)? = self[key]?.value else { return [] }
        return nodes.compactMap(read)
    }
}
