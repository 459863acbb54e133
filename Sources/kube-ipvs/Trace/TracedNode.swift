// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import KubeProxyConfig
import NodeInspection
import NodeStartup
import PacketTrace

/// This node, to be asked for the ways of packets. Rules are read once for each family.
final class TracedNode {
    struct Answer {
        var path: PacketPath
        /// The source in the words of the question.
        var origin: String
        var names: TraceNames
    }

    private let settings: EffectiveSettings
    private let objects: TraceObjects
    private let looksUpNames: Bool
    private let kernel: TracedKernel
    private var rules: [IPFamily: TracedRules] = [:]

    init(_ settings: EffectiveSettings, _ objects: TraceObjects, looksUpNames: Bool) throws {
        self.settings = settings
        self.objects = objects
        self.looksUpNames = looksUpNames
        kernel = try TracedKernel()
    }

    func answer(_ question: TraceQuestion) async throws -> Answer {
        let origin = try await origin(of: question)
        let rules = try await rules(of: question.target.family)
        let view = kernel.view
        let names =
            looksUpNames
            ? await objects.names(of: question.target, view.virtualServer(.address(question.target)))
            : TraceNames.absent("not looked up")
        var path = PacketTracer.trace(
            PacketTracer.Request(from: origin, port: question.sourcePort, to: question.target),
            through: rules.own, and: rules.other, differences: rules.differences, on: view, names: names)
        let first =
            kernel.entries(of: path.packet, path.server).map { PacketPath.Step.entry($0) }
            + kernel.failures.map { .note($0) }
        path.steps.insert(contentsOf: first, at: 0)
        return Answer(path: path, origin: question.source, names: names)
    }

    private func rules(of family: IPFamily) async throws -> TracedRules {
        if let known = rules[family] { return known }
        let read = try await TracedRules(family, settings, objects)
        rules[family] = read
        return read
    }

    private func origin(of question: TraceQuestion) async throws -> PacketTracer.Origin {
        switch question.origin {
        case .node: .node
        case .address(let address, _): .address(address)
        case .pod(let name): .address(try await objects.address(ofPod: name, question.target.family))
        }
    }
}

extension TraceQuestion {
    fileprivate var sourcePort: UInt16? {
        if case .address(_, let port) = origin { port } else { nil }
    }

    fileprivate var source: String {
        switch origin {
        case .node: "node"
        case .pod(let name): "pod \(name)"
        case .address(let address, let port): port.map { address.joined(port: $0) } ?? "\(address)"
        }
    }
}
