// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubeProxyConfig
import KubernetesHTTP
import Logging
import NodeDaemon
import NodeInspection

/// What `explain` and `plan` share: the daemon's own flags, and the way from them to the objects.
struct InspectionFlags: ParsableArguments {
    @OptionGroup var flags: KubeProxyFlags

    func validate() throws {
        try flags.refuseTasks(besides: "a command that only looks")
    }

    /// Reads objects and node as the daemon with these flags would.
    func inspect() async throws -> NodeInspection {
        let (loaded, _) = try flags.loaded()
        var logger = Logger(label: "kube-ipvs") { _ in TextLogHandler() }
        logger.logLevel = .warning
        for warning in loaded.warnings {
            logger.warning("configuration", metadata: ["warning": "\(warning)"])
        }
        return try await NodeInspection(
            settings: loaded.settings,
            source: try flags.source(loaded.settings.client),
            version: VersionCommand.version,
            logger: logger
        )
    }
}
