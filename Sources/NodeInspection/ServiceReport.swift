// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects
import ServicePlan

/// What this node does with a Service, and whether that is as it should be.
public struct ServiceReport: Sendable {
    public var name: ObjectName
    /// What keeps the Service from working here, in plain words, the weightiest first.
    public var troubles: [String]
    /// What is as the objects ask for, and may surprise.
    public var remarks: [String]
    /// Virtual IPs and endpoints, line by line.
    public var details: [String]
    /// The same for programs.
    package var json: JSONValue

    public var isGood: Bool { troubles.isEmpty }

    /// A verdict, what is wrong, and the details.
    public var lines: [String] {
        [verdict] + (troubles.count > 1 ? troubles.map { "  trouble: \($0)" } : [])
            + (remarks.count > 1 || !isGood ? remarks.map { "  remark: \($0)" } : []) + details
    }

    /// One line, such as `Service shop/web works` or `Service shop/web does not work as it should: it has no EndpointSlice`.
    public var verdict: String {
        guard let first = troubles.first else {
            return "Service \(name) works" + (remarks.first.map { "; \($0)" } ?? "")
        }
        let more = troubles.count > 1 ? " (and \(troubles.count - 1) more)" : ""
        return "Service \(name) does not work as it should: \(first)\(more)"
    }
}
