// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import HTTPSurfaces
import KubernetesObjects
import Logging
import ProxyTelemetry
import ServiceLifecycle
import ServicePlan
import Synchronization

/// The health-check node ports: for each Service that has one, a server that tells load balancers how many endpoints are
/// here. Each family has its own, as in kube-proxy.
final class HealthCheckPorts: ServiceLifecycle.Service {
    struct ID: Hashable, Comparable, Sendable {
        var service: ObjectName
        var family: IPFamily

        static func < (left: Self, right: Self) -> Bool {
            (left.service, left.family) < (right.service, right.family)
        }
    }

    private final class Board: Sendable {
        let checks = Mutex<[IPFamily: [ObjectName: HealthCheck]]>([:])
        let addresses = Mutex<[IPFamily: [IPAddress]]>([:])
    }

    private let board: Board
    private let ports: PortSet<ID>

    /// - Parameters:
    ///   - health: the answers say whether the proxy itself is healthy.
    ///   - onFailure: called when a Service's port cannot be opened; the log has it then. Once until it changes.
    init(
        health: HealthBoard,
        logger: Logger,
        onFailure: @escaping @Sendable (ObjectName, ListenError) -> Void = { _, _ in }
    ) {
        let board = Board()
        self.board = board
        ports = PortSet(
            onFailure: { id, error in
                logger.error(
                    "a health-check node port cannot be opened; it is tried again with each pass",
                    metadata: ["service": "\(id.service)", "error": "\(error)"]
                )
                onFailure(id.service, error)
            },
            responder: { id in
                let check = board.checks.withLock { $0[id.family]?[id.service] }
                return Self.answer(id.service, check?.localReadyAddresses.count ?? 0, isHealthy: health.isHealthy)
            }
        )
    }

    func run() async {
        await ports.run()
    }

    /// What is open now.
    var open: [ID: Set<ListenAddress>] { ports.open }

    /// Where a family's ports listen: at the unspecified address when every address serves node ports.
    static func addresses(_ family: IPFamily, _ basis: PlanBasis) -> [IPAddress] {
        guard basis.servesNodePortsEverywhere(family) else { return basis.nodePortAddresses(of: family) }
        return [family == .v4 ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0)]
    }

    /// Makes these all the health-check node ports of a family.
    func replace(_ family: IPFamily, _ checks: [ObjectName: HealthCheck], on addresses: [IPAddress]) {
        let allChecks = board.checks.withLock { all in
            all[family] = checks
            return all
        }
        let allAddresses = board.addresses.withLock { all in
            all[family] = addresses
            return all
        }
        var wanted: [ID: Set<ListenAddress>] = [:]
        for (family, checks) in allChecks {
            for (service, check) in checks {
                wanted[ID(service: service, family: family)] = Set(
                    allAddresses[family, default: []].map { ListenAddress(address: $0, port: check.port) }
                )
            }
        }
        ports.replace(wanted)
    }

    /// Tries again what could not be opened.
    func retry() {
        ports.retry()
    }

    private static func quoted(_ name: String) -> String {
        String(decoding: JSONValue.string(name).text, as: UTF8.self)
    }

    /// As kube-proxy answers (`pkg/proxy/healthcheck/service_health.go`), for every path. Whether the node is eligible does
    /// not count.
    static func answer(_ service: ObjectName, _ localEndpoints: Int, isHealthy: Bool) -> HTTPAnswer {
        HTTPAnswer(
            code: localEndpoints > 0 && isHealthy ? 200 : 503,
            contentType: "application/json",
            headers: [.noSniffing, .init("X-Load-Balancing-Endpoint-Weight", "\(localEndpoints)")],
            body: """
                {
                \t"service": {
                \t\t"namespace": \(quoted(service.namespace)),
                \t\t"name": \(quoted(service.name))
                \t},
                \t"localEndpoints": \(localEndpoints),
                \t"serviceProxyHealthy": \(isHealthy)
                }
                """
        )
    }
}
