// SPDX-License-Identifier: GPL-2.0-or-later
import ServiceLifecycle

/// Makes the passes until the daemon shuts down.
struct PassService: Service {
    let proxy: ServiceProxy

    func run() async {
        await cancelWhenGracefulShutdown {
            await proxy.run()
        }
    }
}
