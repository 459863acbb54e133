// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import KubeProxyConfig
import KubernetesObjects
import NodeStartup
import Reconcile
import ServicePlan
import YAMLDocuments

/// Follows a scenario, and writes down after each step what the kernel holds.
struct ScenarioRun {
    /// The sections that say what the kernel holds: those that a run writes.
    private static let results = [
        "ipvsadm --save -n", "ipset save", "ip address", "ip route", "iptables", "flows", "health check node ports",
        "told",
    ]

    private let kernel = FakeDataplane()
    private let text: KernelText
    private var settings: EffectiveSettings
    private var interfaces: Set<IPAddress>
    private var node: Node?
    /// What the API server has.
    private var objects: [KubernetesObject.ID: KubernetesObject] = [:]
    private var interner = StringInterner()
    private var now = ContinuousClock.now
    /// `nil` while there is no daemon: it starts at the end of a step.
    private var daemon: ScenarioNode?
    private var told: [String] = []
    /// What the last step has written down.
    private var written: [String: [String]] = [:]

    /// The text of a scenario with what the kernel really holds after each step.
    static func rendering(_ scenario: ScenarioText, over defaults: ScenarioText) async throws -> String {
        var run = try await ScenarioRun(scenario, over: defaults)
        return try await run.render(scenario)
    }

    private init(_ scenario: ScenarioText, over defaults: ScenarioText) async throws {
        func section(_ title: String) throws -> ScenarioText.Section {
            guard let section = scenario.section(title) ?? defaults.section(title) else {
                throw ScenarioError("no section `\(title)`")
            }
            return section
        }
        settings = try Self.settings(section("configuration"))
        let usual = try Self.settings(defaults.section("configuration") ?? section("configuration"))
        let nodeSection = try section("node")
        node = try Self.items(nodeSection, &interner).lazy.compactMap { item -> Node? in
            guard case .object(.node(let node)) = item.outcome else { return nil }
            return node
        }.first
        guard let node else { throw ScenarioError(nodeSection, "no Node") }
        let addresses = try section("interfaces")
        interfaces = try Set(
            addresses.entries.map { text in
                guard let address = IPAddress(text) else { throw ScenarioError(addresses, "\(text) is no address") }
                return address
            })
        var rules: [IPFamily: [String]] = [:]
        for family in IPFamily.allCases {
            let fake = FakeRules()
            let wanted = Ruleset(usual.rules(for: family, podNetworks: node.podCIDRs), family)
            let input = wanted.restoreInput(over: InstalledRules(try await fake.save(family)))
            try await fake.restore(input ?? "", family)
            rules[family] = KernelText.lines(ofRules: try await fake.save(family))
        }
        text = KernelText(kernel: kernel, constantRules: rules)
    }

    private static func settings(_ section: ScenarioText.Section) throws -> EffectiveSettings {
        let read = try KubeProxyConfiguration.reading(yaml: section.document)
        guard read.warnings.isEmpty else { throw ScenarioError(section, "\(read.warnings)") }
        return try EffectiveSettings(read.configuration, hostname: "a-host-without-a-node")
    }

    private static func items(
        _ section: ScenarioText.Section,
        _ interner: inout StringInterner
    ) throws -> [DocumentItem] {
        try YAMLReader.read(section.document).flatMap { $0.kubernetesItems(interner: &interner) }
    }

    // MARK: Steps

    private mutating func render(_ scenario: ScenarioText) async throws -> String {
        var lines = scenario.comment
        var hasStep = false
        for section in scenario.sections where !Self.results.contains(section.title) {
            if section.argument(after: "step") != nil {
                if hasStep { lines += try await endStep() }
                hasStep = true
            } else if hasStep {
                try await follow(section)
            } else if !["configuration", "node", "interfaces"].contains(section.title) {
                throw ScenarioError(section, "before the first step there are configuration, node and interfaces only")
            }
            lines += Self.lines(section.title, section.body)
        }
        guard hasStep else { throw ScenarioError("there is no step") }
        lines += try await endStep()
        return lines.joined(separator: "\n").trimmingLineEnds + "\n"
    }

    private mutating func follow(_ section: ScenarioText.Section) async throws {
        switch section.title {
        case "apply": try await apply(section)
        case "delete": try await delete(section)
        case "kernel":
            let before = interfaces
            for line in section.entries {
                var command = KernelCommand(line, on: kernel)
                try await command.run(&interfaces)
            }
            if interfaces != before { await replaceFacts() }
        case "restart":
            guard daemon != nil else { throw ScenarioError(section, "there is no daemon yet") }
            daemon = nil
        case "virtual-ips: addresses", "virtual-ips: routes":
            guard daemon == nil,
                let mode = section.argument(after: "virtual-ips").flatMap(VirtualIPMode.init(rawValue:))
            else {
                throw ScenarioError(section, "a daemon that runs cannot be told; `restart` first")
            }
            settings.virtualIPs = mode
        default:
            guard let duration = section.argument(after: "wait").flatMap({ GoDuration($0) }) else {
                throw ScenarioError(section, "nobody knows what that is; see Tests/ScenarioTests/README.md")
            }
            now = now.advanced(by: .nanoseconds(duration.nanoseconds))
            await daemon?.wait(.nanoseconds(duration.nanoseconds))
        }
        told += daemon?.takeTold() ?? []
    }

    private mutating func apply(_ section: ScenarioText.Section) async throws {
        var updates: [ObjectUpdate] = []
        for item in try Self.items(section, &interner) {
            told += item.rejections.map { "rejected: \($0.rejection)" }
            switch item.outcome {
            case .object(let object):
                objects[object.id] = object
                switch object {
                case .service(let service): updates.append(.service(service))
                case .endpointSlice(let slice): updates.append(.slice(slice))
                case .node(let changed):
                    node = changed
                    await replaceFacts()
                }
            case .ignored(let id, let reason):
                told.append("ignored: \(id): \(reason.rawValue)")
                updates += removal(of: id)
            case .unusable(let id):
                told.append("unusable: \(id)")
                updates += removal(of: id)
            case .refused(let error, let id):
                told.append("refused: \(id.map { "\($0): " } ?? "")\(error)")
            case .otherKind(let kind): throw ScenarioError(section, "\(kind) is not a kind that routing needs")
            }
        }
        guard !updates.isEmpty else { return }
        daemon?.apply(updates)
        await daemon?.settle()
    }

    private mutating func delete(_ section: ScenarioText.Section) async throws {
        for line in section.entries {
            guard let object = objects.keys.first(where: { $0.description == line }) else {
                throw ScenarioError(section, "there is no `\(line)`")
            }
            let updates = removal(of: object)
            daemon?.apply(updates)
        }
        await daemon?.settle()
    }

    private mutating func removal(of id: KubernetesObject.ID) -> [ObjectUpdate] {
        guard objects.removeValue(forKey: id) != nil else { return [] }
        return switch id.kind {
        case .service: [.serviceRemoved(id.name)]
        case .endpointSlice: [.sliceRemoved(id.name)]
        case .node: []
        }
    }

    private mutating func replaceFacts() async {
        daemon?.replace(node: node, interfaces: interfaces)
        await daemon?.settle()
    }

    private mutating func start() async {
        let daemon = ScenarioNode(settings, node: node, interfaces: interfaces, on: kernel.dataplane, at: now)
        daemon.apply(
            objects.sorted { $0.key < $1.key }.compactMap { _, object -> ObjectUpdate? in
                switch object {
                case .service(let service): .service(service)
                case .endpointSlice(let slice): .slice(slice)
                case .node: nil
                }
            })
        await daemon.settle()
        told += daemon.takeTold()
        self.daemon = daemon
    }

    // MARK: Results

    private mutating func endStep() async throws -> [String] {
        if daemon == nil { await start() }
        let results = [
            try text.servers(), text.sets(), text.addresses(), text.routes(), try await text.rules(),
            text.flows(), daemon?.healthChecks ?? [], told,
        ]
        told = []
        var lines: [String] = []
        for (title, result) in zip(Self.results, results) {
            // What a step leaves as it was is not said again; what is told is of the step alone.
            let before = title == "told" ? [] : written[title] ?? []
            written[title] = result
            guard result != before else { continue }
            lines += Self.lines(title, result.isEmpty ? ["# nothing"] : result)
        }
        return lines.isEmpty ? Self.lines("told", ["# nothing, and nothing has changed"]) : lines
    }

    private static func lines(_ title: String, _ body: [String]) -> [String] {
        let end = body.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
        return ["-- \(title) --"] + body[..<end] + [""]
    }
}

extension String {
    fileprivate var trimmingLineEnds: Substring {
        var text = self[...]
        while text.hasSuffix("\n") { text.removeLast() }
        return text
    }
}
