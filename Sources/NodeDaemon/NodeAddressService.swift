// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import BlockingExecution
import DataplaneKernel
import DataplaneModel
import Logging
import Reconcile
import ServiceLifecycle
import ServicePlan

/// Follows the addresses of the node's interfaces, which serve node ports and decide what is bound, and its gateways, which no
/// Service may attract; and notices when somebody else changes those of the dummy link.
///
/// An actor on a thread of its own, because waiting for the kernel blocks.
actor NodeAddressService: Service {
    private let proxy: ServiceProxy
    private let logger: Logger
    private let executor = BlockingExecutor(label: "node-addresses")

    /// How often it looks whether the daemon shuts down while no address changes.
    private static var pollInterval: Duration { .milliseconds(500) }
    /// Before another try after a failure, so that a lasting one is not a busy loop.
    private static var retryDelay: Duration { .seconds(1) }
    /// How often routes are read where no address or link changes. No notification of them is asked for, as a node may have many
    /// thousand that come and go.
    private static var routeInterval: Duration { .seconds(10) }

    private let clock = ContinuousClock()
    private var gatewaysReadAt: ContinuousClock.Instant?
    private var gateways: RouteGateways?
    /// Of those that Services want.
    private var neighbours: Set<IPAddress> = []
    private var lastRouteError: DataplaneError?

    init(proxy: ServiceProxy, logger: Logger) {
        self.proxy = proxy
        self.logger = logger
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            await self.follow()
        }
    }

    private func follow() async {
        var lastError: DataplaneError?
        while !Task.isCancelled {
            do throws(DataplaneError) {
                try await followUntilFailure()
            } catch {
                if error != lastError {
                    logger.error("the node's addresses cannot be followed", metadata: ["error": "\(error)"])
                }
                lastError = error
                // Cancellation ends the sleep early, and the loop with it.
                try? await Task.sleep(for: Self.retryDelay)
            }
        }
    }

    private func followUntilFailure() async throws(DataplaneError) {
        // Subscribed before the first reading, so that no change falls between the two.
        let monitor = try NodeAddressMonitor()
        var events = AddressEvents(concernsNode: true)
        while !Task.isCancelled {
            if events.concernsNode || gatewaysReadAt.map({ clock.now - $0 >= Self.routeInterval }) ?? true {
                await readOtherHosts()
            }
            if events.concernsNode {
                await proxy.replaceInterfaceAddresses(try monitor.nodeAddresses())
            }
            if events.concernsVirtualIPs {
                await proxy.noteVirtualIPs(events)
            }
            events = try monitor.waitForChange(timeout: Self.pollInterval)
        }
    }

    /// Before the addresses: what may not be attracted is known when the first pass is made.
    private func readOtherHosts() async {
        gatewaysReadAt = clock.now
        do throws(DataplaneError) {
            let routes = try KernelRoutes()
            let found = try routes.gateways()
            // Once a Service has the address the node speaks to that host no more: what was found stays true.
            let wanted = await proxy.externalAddresses
            let neighbours = try routes.neighbours(among: wanted).union(self.neighbours.intersection(wanted))
            lastRouteError = nil
            guard found != gateways || neighbours != self.neighbours else { return }
            gateways = found
            self.neighbours = neighbours
            await proxy.changeSurroundings {
                $0.defaultGateways = found.ofDefaultRoutes
                $0.otherGateways = found.ofOtherRoutes
                $0.neighbours = neighbours
            }
        } catch {
            if error != lastRouteError {
                logger.error("the node's gateways and neighbours cannot be read", metadata: ["error": "\(error)"])
            }
            lastRouteError = error
        }
    }
}
