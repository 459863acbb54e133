// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import KubernetesObjects
import Logging
import ManifestFiles
import NodeStatus
import ProxyTelemetry
import ServiceLifecycle
import ServicePlan

/// Hands the objects of a directory to the proxy, as they change.
struct ManifestService: ServiceLifecycle.Service {
    let updates: ManifestUpdates
    let nodeName: String
    let proxy: ServiceProxy
    let metrics: ObjectMetrics
    let status: StatusBoard
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            var isFirst = true
            var otherNodes: [String: [IPAddress]] = [:]
            var otherKinds: [String: Int] = [:]
            for await update in updates {
                log(update.reports)
                metrics.note(update.reports.compactMap(\.rejection))
                note(update)
                if update.otherKinds != otherKinds {
                    otherKinds = update.otherKinds
                    logOtherKinds(otherKinds)
                }
                await hand(update)
                if update.changeOtherNodes(&otherNodes, than: nodeName) {
                    let addresses = Set(otherNodes.values.joined())
                    await proxy.changeSurroundings { $0.otherNodes = addresses }
                }
                if isFirst {
                    isFirst = false
                    await proxy.sourceCompleted()
                }
            }
        }
    }

    private func note(_ update: ManifestUpdate) {
        status.noteWatch("manifests", .watching, at: .now)
        let rejections = update.reports.compactMap(\.rejection)
        // A new report has the object as it is now.
        status.note([], settled: update.services.map(\.name) + update.removedServices, kind: "Service", at: .now)
        status.note(
            [], settled: update.endpointSlices.map(\.name) + update.removedEndpointSlices, kind: "EndpointSlice",
            at: .now)
        status.note(rejections, at: .now)
    }

    private func hand(_ update: ManifestUpdate) async {
        if let node = update.nodes.first(where: { $0.name == nodeName }) {
            await proxy.replaceNode(node)
        } else if update.removedNodes.contains(nodeName) {
            // kube-proxy keeps the last Node it saw too: a node does not lose its zone because its object went.
            logger.warning("the own Node was removed; its last version stays in use", metadata: ["node": "\(nodeName)"])
        }
        let objects: [ObjectUpdate] =
            update.services.map { .service($0) } + update.removedServices.map { .serviceRemoved($0) }
            + update.endpointSlices.map { .slice($0) } + update.removedEndpointSlices.map { .sliceRemoved($0) }
        if !objects.isEmpty {
            await proxy.apply(objects)
        }
    }

    private func log(_ reports: [ManifestReport]) {
        for report in reports {
            let level: Logger.Level =
                switch report.severity {
                case .error: .error
                case .warning: .warning
                case .notice: .info
                }
            logger.log(level: level, "manifest", metadata: ["report": "\(report)"])
        }
    }

    private func logOtherKinds(_ kinds: [String: Int]) {
        let text = kinds.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
        logger.info("objects of other kinds are ignored", metadata: ["kinds": "\(text)"])
    }
}

extension ManifestUpdate {
    /// Follows the addresses of all Nodes but the own one.
    ///
    /// - Returns: whether they have changed.
    fileprivate func changeOtherNodes(_ known: inout [String: [IPAddress]], than own: String) -> Bool {
        let before = known
        for node in nodes where node.name != own { known[node.name] = node.addresses }
        for name in removedNodes { known[name] = nil }
        return known != before
    }
}
