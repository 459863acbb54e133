// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import BlockingExecution
import KubernetesHTTP
import Logging
import ServiceLifecycle
import ServicePlan

/// Follows the addresses that the connection to the API server goes to: no Service may attract them.
///
/// An actor on a thread of its own, because the resolver blocks.
actor APIServerAddressService: Service {
    private let connection: ClusterConnection
    private let proxy: ServiceProxy
    private let logger: Logger
    private let executor = BlockingExecutor(label: "api-server-address")

    /// How often a name is resolved anew.
    private static var interval: Duration { .seconds(300) }
    /// The same after a failure.
    private static var retryDelay: Duration { .seconds(10) }

    init(connection: ClusterConnection, proxy: ServiceProxy, logger: Logger) {
        self.connection = connection
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
        let (host, port) = connection.peer
        var isKnown = false
        while !Task.isCancelled {
            let addresses = NameResolution.addresses(of: host).filter { !$0.isLoopback }
            if !addresses.isEmpty {
                let ports = Dictionary(addresses.map { ($0, Set([port])) }) { first, _ in first }
                await proxy.changeSurroundings { $0.apiServers = ports }
                isKnown = true
            } else if !isKnown {
                logger.debug("the API server's name has no address yet", metadata: ["host": "\(host)"])
            }
            // An address stays what it is. Cancellation ends the sleep early, and the loop with it.
            let delay: Duration = IPAddress(host) != nil ? .seconds(86_400) : isKnown ? Self.interval : Self.retryDelay
            try? await Task.sleep(for: delay)
        }
    }
}
