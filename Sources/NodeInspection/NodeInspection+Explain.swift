// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
public import KubernetesObjects
import Reconcile
import ServicePlan

/// What `explain` asks.
extension NodeInspection {
    /// What the kernel has, as far as explanations need it.
    struct KernelFacts {
        var view: KernelView
        var drift: KernelDrift
        /// Who has which virtual server is decided among all Services.
        var desired: [IPFamily: DesiredState<ServicePortID>]
        /// The TCP ports at which a program listens; `nil` where that is not known.
        var listeningPorts: Set<UInt16>?
    }

    /// What this node does with a Service, and whether that is as it should be.
    ///
    /// - Parameter port: a port's name or number; `nil` for all ports.
    /// - Returns: `nil` when there is no such Service, or no such port.
    public func report(on name: ObjectName, port: String?) async -> ServiceReport? {
        guard table.service(name) != nil else { return nil }
        return report(
            on: name, port: port,
            await kernelFacts(wanted: subjects(of: table.servicePorts.filter { $0.service == name })))
    }

    /// Hands over the report on each Service that is not as it should be, by name.
    ///
    /// - Returns: how many Services there are.
    public func forEachTroubledService(_ body: (ServiceReport) throws -> Void) async throws -> Int {
        let facts = await kernelFacts(wanted: nil)
        let names = Set(table.servicePorts.map(\.service)).sorted()
        for name in names {
            if let report = report(on: name, port: nil, facts), !report.isGood { try body(report) }
        }
        return names.count
    }

    private func kernelFacts(wanted: Set<RehearsedChange.Subject>?) async -> KernelFacts {
        var drift = KernelDrift(wanted: wanted)
        let view = KernelView.open()
        if view.notes.isEmpty {
            do {
                drift.failures = try await rehearse(seeing: wanted) { drift.note($0) }
            } catch {
                drift.failures = ["\(error)"]
            }
        }
        return KernelFacts(
            view: view,
            drift: drift,
            desired: desired,
            listeningPorts: ListeningPorts.read()
        )
    }

    func subjects(of ports: some Sequence<ServicePortID>) -> Set<RehearsedChange.Subject> {
        Set(
            ports.flatMap { id in
                families.flatMap { table.plan(of: id, in: $0).contribution.subjects($0) }
            })
    }

    func report(on name: ObjectName, port: String?, _ facts: KernelFacts) -> ServiceReport? {
        guard var explanation = table.explanation(of: name) else { return nil }
        if let port {
            let chosen = explanation.service.ports.filter { $0.name == port || "\($0.port)" == port }
            guard !chosen.isEmpty else { return nil }
            explanation.ports.removeAll { part in
                !chosen.contains { $0.name == part.id.port && $0.transport == part.id.transport }
            }
        }
        let slices = table.slices(of: name)
        var findings = ServiceFindings()
        for shortage in explanation.shortages(slices: slices) {
            if shortage.isWanted {
                findings.remarks.append(shortage.description)
            } else {
                findings.troubles.append(shortage.description)
            }
        }
        if explanation.ports.isEmpty, let absence = explanation.absences.values.first {
            findings.remarks.append("nothing is to be done for it here: \(absence.rawValue)")
        }
        for refusal in Set(explanation.ports.flatMap(\.settings.refusals)).map(\.description).sorted() {
            findings.remarks.append("a setting is refused: \(refusal)")
        }
        for virtualIP in explanation.ports.flatMap(\.virtualIPs).map(\.virtualIP) {
            findings.look(at: virtualIP, of: name, facts)
        }
        findings.look(at: subjects(of: explanation.ports.lazy.map(\.id)), facts)
        findings.look(atHealthCheckPort: explanation.service.healthCheckNodePort, facts)
        findings.details += notes(about: name, slices).map { "rejected: \($0)" }
        findings.troubles += notes(about: name, slices).map { "a part of it was rejected: \($0)" }
        findings.details += facts.view.notes
        return ServiceReport(
            name: name,
            troubles: findings.troubles,
            remarks: findings.remarks,
            details: Array(explanation.lines { findings.lines[$0.id] ?? [] }.dropFirst()) + findings.details,
            json: explanation.json(findings)
        )
    }

    private func notes(about name: ObjectName, _ slices: [EndpointSlice]) -> [Rejection] {
        let slices = Set(slices.map(\.name))
        return rejections.filter { rejection in
            rejection.kind == "Service" && rejection.object == name
                || rejection.kind == "EndpointSlice" && slices.contains(rejection.object)
        }
    }
}

/// What is found out about one Service.
struct ServiceFindings {
    var troubles: [String] = []
    var remarks: [String] = []
    /// What is to be said below a virtual IP.
    private(set) var lines: [VirtualServer.ID: [String]] = [:]
    /// What is to be said at the end.
    var details: [String] = []

    mutating func look(at virtualIP: VirtualIP, of name: ObjectName, _ facts: NodeInspection.KernelFacts) {
        let id = virtualIP.id
        let state = facts.desired[id.family]
        if let contest = state?.contest(over: id), let holder = contest.holder {
            if holder.owner.service == name, holder.claim == virtualIP.kind.claim {
                let others = contest.others.prefix(5).map(\.words).joined(separator: ", ")
                let more = contest.others.count > 5 ? " and \(contest.others.count - 5) more" : ""
                lines[id, default: []].append("wanted too, and not given to \(others)\(more)")
            } else {
                lines[id, default: []].append("taken by \(holder.words): \(name) gets nothing of it")
                troubles.append("\(virtualIP.kind.rawValue) \(id) is taken by \(holder.words)")
            }
        }
        let planned = state?.entry(of: id).map { entry, slowStart in
            VirtualServer(
                id: id, configuration: entry.configuration, realServers: entry.realServers, slowStart: slowStart)
        }
        let comparison = facts.view.comparison(of: id, planned: planned)
        lines[id, default: []] += comparison.lines.map { "kernel: \($0)" }
        if !comparison.isAsPlanned, let first = comparison.lines.first {
            troubles.append("\(virtualIP.kind.rawValue) \(id): the kernel \(first)")
        }
    }

    /// Addresses and set entries; virtual servers have been looked at one by one.
    mutating func look(at subjects: Set<RehearsedChange.Subject>, _ facts: NodeInspection.KernelFacts) {
        if let note = facts.view.notes.first {
            let reason = note.hasPrefix("kernel: ") ? note.dropFirst("kernel: ".count) : note[...]
            troubles.append("the kernel could not be asked: \(reason)")
            return
        }
        let changes = subjects.flatMap { subject -> [String] in
            if case .virtualServer = subject { return [] }
            return facts.drift.changes(of: subject)
        }.sorted()
        details += changes.map { "kernel: the daemon would \($0)" }
        if let first = changes.first {
            let more = changes.count > 1 ? ", and \(changes.count - 1) more" : ""
            troubles.append("the kernel lacks what belongs to it: the daemon would \(first)\(more)")
        }
        if facts.drift.ofNode.total > 0 {
            let words =
                "this node is not as any Service needs it: \(facts.drift.ofNode) to be made (`kube-ipvs plan` names them)"
            details.append("kernel: \(words)")
            troubles.append(words)
        }
        remarks += facts.drift.optional.map { "the daemon would \($0); Services work without it" }
        for failure in facts.drift.failures {
            details.append("kernel: \(failure)")
            troubles.append("a part of the kernel could not be read: \(failure)")
        }
    }

    mutating func look(atHealthCheckPort port: UInt16, _ facts: NodeInspection.KernelFacts) {
        guard port > 0, let listening = facts.listeningPorts else { return }
        let isOpen = listening.contains(port)
        details.append("health-check node port \(port): \(isOpen ? "open" : "closed")")
        if !isOpen {
            troubles.append(
                "nobody listens at health-check node port \(port), so load balancers leave this node out: does the daemon run?"
            )
        }
    }
}
