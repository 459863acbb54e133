// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import ServicePlan

/// What planning finds out about Services again and again, port by port and family by family, seen as what is new of a Service.
struct FindingsByService<Finding: Hashable> {
    private struct Source: Hashable {
        var id: ServicePortID
        var family: IPFamily
    }

    /// By Service: what has been found, and in which of its ports.
    private var findings: [ObjectName: [Finding: Set<Source>]] = [:]

    enum Change {
        /// In the order in which they were found.
        case new([Finding])
        /// There is nothing any more.
        case over
    }

    /// - Parameter found: all that was found this time in a port and family; each once.
    /// - Returns: `nil` where that is no news about the Service.
    mutating func note(_ found: [Finding], of id: ServicePortID, _ family: IPFamily) -> Change? {
        // In most Services nothing is ever found.
        guard !found.isEmpty || !findings.isEmpty else { return nil }
        var known = findings[id.service] ?? [:]
        guard !found.isEmpty || !known.isEmpty else { return nil }
        let source = Source(id: id, family: family)
        for finding in known.keys where !found.contains(finding) {
            known[finding]?.remove(source)
            if known[finding]?.isEmpty == true { known[finding] = nil }
        }
        var new: [Finding] = []
        for finding in found {
            if known[finding] == nil { new.append(finding) }
            known[finding, default: []].insert(source)
        }
        findings[id.service] = known.isEmpty ? nil : known
        if known.isEmpty { return .over }
        return new.isEmpty ? nil : .new(new)
    }
}
