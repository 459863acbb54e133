// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubernetesObjects
import Reconcile
import ServicePlan

/// The scenarios at one scale, one after the other on one node. It takes an empty network namespace.
struct Scenarios {
    let scale: Scale
    private let times = DataplaneTimes()

    init(_ scale: Scale) {
        self.scale = scale
    }

    /// - Parameter rehearses: load once before, without a kernel, so that the heap has its size.
    func run(rehearses: Bool) async throws {
        var planningOfOthers = 0.0
        if rehearses {
            let kernel = WillingKernel()
            let dataplane = Dataplane(ipvs: kernel, sets: kernel, addresses: kernel, rules: kernel)
            let node = MeasuredNode(dataplane, virtualIPs: scale.virtualIPs)
            node.take(scale.updates)
            try await node.verify()
            planningOfOthers = planningOfSetsAndAddresses()
        }
        let node = MeasuredNode(try await Dataplane.metered(times), virtualIPs: scale.virtualIPs)
        try await load(node, rehearses ? "load again" : "load", planningOfOthers)
        guard !rehearses else { return }
        try await verify(node)
        try await changeEndpoints(node)
        try await changeServices(node)
        try await roll(node)
    }

    /// What counting set entries and addresses adds to planning: the least of a few attempts with them, less the least without.
    /// To find out which ones a virtual server needs is not among it.
    private func planningOfSetsAndAddresses() -> Double {
        let updates = scale.updates
        var least = [false: Double.infinity, true: .infinity]
        for _ in 0..<5 {
            for wantsServersOnly in [false, true] {
                let start = Meter.now
                Self.plan(updates, serversOnly: wantsServersOnly)
                least[wantsServersOnly] = min(least[wantsServersOnly, default: 0], Meter.now - start)
            }
        }
        return max(0, least[false, default: 0] - least[true, default: 0])
    }

    /// Plans and counts what updates call for, and makes no pass.
    private static func plan(_ updates: [ObjectUpdate], serversOnly: Bool) {
        var table = ServiceTable(facts: NodeFacts(name: Scale.nodeName))
        table.apply(updates)
        var desired = [DesiredState<ServicePortID>(), DesiredState<ServicePortID>()]
        var touched = [TouchedObjects(), TouchedObjects()]
        table.planDirty(in: IPFamily.allCases) { id, family, contribution, _ in
            let index = family == .v4 ? 0 : 1
            var contribution = contribution
            if serversOnly {
                contribution.setEntries = []
                contribution.addresses = []
            }
            desired[index].replaceContribution(of: id, with: contribution, touched: &touched[index])
        }
    }

    private func load(_ node: MeasuredNode, _ name: String, _ planningOfOthers: Double) async throws {
        let updates = scale.updates
        times.reset()
        let plan = await Meter.measure { node.take(updates) }
        var steps = StepTimes(times)
        let pass = try await Meter.measure {
            steps = StepTimes(times)
            try await node.verify { steps.noteStep() }
        }
        Record(name, scale, plan + pass, peakResident: Meter.peakResident).print()
        Record("\(name): plan", scale, plan).print()
        // All of planning, that of sets and addresses too, and the steps that are about servers.
        Record("\(name): servers", scale, seconds: plan.wall + steps.servers).print()
        if planningOfOthers > 0 {
            let seconds = plan.wall + steps.servers - planningOfOthers
            Record("\(name): servers alone", scale, seconds: seconds).print()
        }
        Record("\(name): servers, in the client", scale, seconds: times.current.ipvs).print()
        Record("\(name): sets", scale, seconds: steps.sets).print()
        Record("\(name): addresses", scale, seconds: steps.addresses).print()
        Record("\(name): rules", scale, seconds: steps.rules).print()
    }

    private func verify(_ node: MeasuredNode) async throws {
        // The first one after a load waits for the kernel to fit its table.
        try await node.verify()
        let repetitions = 5
        var written = 0
        times.pause(true)
        let cost = try await Meter.measure {
            for _ in 0..<repetitions { written += try await node.verify() }
        }
        times.pause(false)
        guard written == 0 else { throw BenchError("an idle verify wrote \(written) objects") }
        // Again for its parts, with what it costs to time them.
        times.reset()
        for _ in 0..<repetitions { try await node.verify() }
        let parts = times.current
        Record("verify", scale, repetitions: repetitions, cost).print()
        for (name, seconds) in [
            ("servers", parts.ipvs), ("sets", parts.sets), ("addresses", parts.addresses), ("rules", parts.rules),
        ] {
            Record("verify: \(name)", scale, repetitions: repetitions, Cost(wall: seconds)).print()
        }
        // An event that comes meanwhile waits for one of these.
        var steps = StepTimes(times)
        try await node.verify { steps.noteStep() }
        for (name, part) in [("servers", \StepTimes.servers), ("sets", \.sets), ("addresses", \.addresses)] {
            Record("verify: longest step, \(name)", scale, seconds: steps.longest[part, default: 0]).print()
        }
    }

    /// One more endpoint, a pass for each. The same number of Services get the same number of endpoints at every scale.
    private func changeEndpoints(_ node: MeasuredNode) async throws {
        let changed = 100
        let rounds = 5
        var updates: [ObjectUpdate] = []
        for round in 1...rounds {
            for index in 0..<changed {
                let service = index * scale.services / changed
                let newcomers = (0..<round).map { scale.newcomer($0 * changed + index) }
                updates.append(.slice(scale.slice(service, endpoints: scale.slice(service).endpoints + newcomers)))
            }
        }
        try await writeEach(updates.map { [$0] }, node, "endpoint added")
    }

    /// A pass for each element, what they cost on average, and the median of how long they take. At the large scales the
    /// average has what it costs that a table grows meanwhile.
    private func writeEach(_ changes: [[ObjectUpdate]], _ node: MeasuredNode, _ name: String) async throws {
        var durations: [Double] = []
        let cost = try await Meter.measure {
            for updates in changes {
                let start = Meter.now
                node.take(updates)
                try await node.writeChanges()
                durations.append(Meter.now - start)
            }
        }
        Record(name, scale, repetitions: changes.count, cost).print()
        durations.sort()
        Record("\(name): median", scale, seconds: durations[durations.count / 2]).print()
    }

    private func changeServices(_ node: MeasuredNode) async throws {
        let repetitions = 100
        let others = scale.enlarged(by: repetitions)
        let new = scale.services..<others.services
        let additions: [[ObjectUpdate]] = new.map {
            [.service(others.service($0))] + others.slices($0).map { .slice($0) }
        }
        let removals: [[ObjectUpdate]] = new.map {
            [.serviceRemoved(others.service($0).name)] + others.slices($0).map { .sliceRemoved($0.name) }
        }
        for (name, updates) in [("Service added", additions), ("Service deleted", removals)] {
            try await writeEach(updates, node, name)
        }
    }

    /// One in a hundred endpoints is replaced by another one, all in one pass.
    private func roll(_ node: MeasuredNode) async throws {
        let total = scale.services * scale.endpoints
        let step = max(1, 100 / scale.endpoints)
        let updates = stride(from: 0, to: scale.services, by: step).map { service in
            var endpoints = scale.slice(service).endpoints
            for index in 0..<max(1, scale.endpoints * step / 100) {
                endpoints[index] = scale.newcomer(1_000_000 + service * scale.endpoints + index)
            }
            return ObjectUpdate.slice(scale.slice(service, endpoints: endpoints))
        }
        guard updates.count <= total else { throw BenchError("more changes than endpoints") }
        let cost = try await Meter.measure {
            node.take(updates)
            try await node.writeChanges()
        }
        Record("1 % of endpoints replaced", scale, cost, peakResident: Meter.peakResident).print()
    }
}

extension Cost {
    static func + (one: Cost, other: Cost) -> Cost {
        Cost(
            wall: one.wall + other.wall,
            cpu: one.cpu + other.cpu,
            messages: one.messages + other.messages,
            calls: one.calls + other.calls,
            faults: one.faults + other.faults,
            forks: one.forks + other.forks
        )
    }
}
