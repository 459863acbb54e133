// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
public import Reconcile
import ServicePlan

/// The changes of a plan, sorted by who wants them.
public struct ChangesByService: Hashable, Sendable {
    /// Changes under a heading: a Service, the node, or what no Service wants.
    public struct Group: Hashable, Sendable {
        public var title: String
        public var changes: [RehearsedChange]
    }

    /// The node first, then Services by name, then what no Service wants. Each in the order of writing.
    public var groups: [Group]
}

extension NodeInspection {
    /// Sorts changes by the Services that want their objects. A change that several want stands under each of them.
    public func byService(_ changes: [RehearsedChange]) -> ChangesByService {
        var owners: [RehearsedChange.Subject: Set<ObjectName>] = [:]
        for change in changes {
            if let subject = change.subject { owners[subject] = [] }
        }
        for id in table.servicePorts where !owners.isEmpty {
            for family in families {
                for subject in table.plan(of: id, in: family).contribution.subjects(family) {
                    owners[subject]?.insert(id.service)
                }
            }
        }
        var ofNode: [RehearsedChange] = []
        var ofServices: [ObjectName: [RehearsedChange]] = [:]
        var ofNobody: [RehearsedChange] = []
        for change in changes {
            guard let subject = change.subject else {
                ofNode.append(change)
                continue
            }
            let services = owners[subject] ?? []
            if services.isEmpty { ofNobody.append(change) }
            for service in services { ofServices[service, default: []].append(change) }
        }
        let groups =
            [ChangesByService.Group(title: "The node", changes: ofNode)]
            + ofServices.sorted { $0.key < $1.key }.map { .init(title: "Service \($0.key)", changes: $0.value) }
            + [.init(title: "No Service", changes: ofNobody)]
        return ChangesByService(groups: groups.filter { !$0.changes.isEmpty })
    }
}
