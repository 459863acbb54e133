// SPDX-License-Identifier: GPL-2.0-or-later
import ServiceLifecycle

/// Makes the passes until the daemon shuts down.
struct PassService: Service {
    let proxy: ServiceProxy
    let manager: ServiceManager

    func run() async {
        await withGracefulShutdownHandler {
            await cancelWhenGracefulShutdown {
                await proxy.run()
            }
        } onGracefulShutdown: {
            manager.noteStopping()
        }
    }
}
