// SPDX-License-Identifier: GPL-2.0-or-later
package import Addressing
package import DataplaneModel
package import ServicePlan

/// Which Service ports have changed since the last pass of a family, for the log. It holds no more than a line can name.
package struct ServiceChanges {
    private struct Noted {
        /// What each wanted when the last pass ended, in the order in which they changed.
        var before: [(id: ServicePortID, contribution: Contribution)] = []
        /// Those beyond the limit.
        var others: Set<ServicePortID> = []
    }

    private var noted: [IPFamily: Noted] = [:]

    package init() {}

    /// Service ports that are named.
    static var limit: Int { 20 }

    /// A Service port wants something else than before.
    package mutating func note(
        _ id: ServicePortID, _ family: IPFamily, from before: Contribution, to after: Contribution
    ) {
        guard before != after, noted[family]?.before.contains(where: { $0.id == id }) != true else { return }
        if noted[family, default: Noted()].before.count < Self.limit {
            noted[family, default: Noted()].before.append((id, before))
        } else {
            noted[family, default: Noted()].others.insert(id)
        }
    }

    /// Forgets what was noted of a family, and says it: a text for each Service port, such as
    /// `shop/web:http virtual servers 2, real servers +1 -1`.
    ///
    /// - Parameter now: what a Service port wants now.
    package mutating func take(_ family: IPFamily, _ now: (ServicePortID) -> Contribution) -> [String] {
        guard let noted = noted.removeValue(forKey: family) else { return [] }
        var lines = noted.before.compactMap { id, before -> String? in
            let after = now(id)
            return before == after ? nil : "\(id) \(ContributionChange(from: before, to: after))"
        }
        if !noted.others.isEmpty { lines.append("and \(noted.others.count) more") }
        return lines
    }
}
