// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubeProxyConfig
import KubernetesHTTP
import KubernetesObjects
import Logging
import NodeDaemon
import NodeInspection
import NodeStartup
import Reconcile

/// What `explain` and `plan` share: the daemon's own flags, and the way from them to the objects.
struct InspectionFlags: ParsableArguments {
    @OptionGroup var flags: KubeProxyFlags

    func validate() throws {
        try flags.refuseTasks(besides: "a command that only looks")
    }

    /// Lines go to the standard error.
    static var logger: Logger {
        var logger = Logger(label: "kube-ipvs") { _ in TextLogHandler() }
        logger.logLevel = .warning
        return logger
    }

    /// Reads objects and node as the daemon with these flags would.
    ///
    /// - Parameter service: the only one that is asked about; `nil` for all.
    func inspect(about service: ObjectName? = nil) async throws -> NodeInspection {
        let (settings, source, logger) = try loaded()
        return try await NodeInspection(
            settings: settings, source: source, about: service, version: VersionCommand.version, logger: logger)
    }

    /// Rehearses the first pass of a daemon with these flags.
    func rehearse(_ note: @escaping (RehearsedChange) -> Void) async throws -> [String] {
        let (settings, source, logger) = try loaded()
        return try await NodeInspection.rehearse(
            settings: settings, source: source, version: VersionCommand.version, logger: logger, note)
    }

    private func loaded() throws -> (EffectiveSettings, ObjectSource, Logger) {
        let (loaded, _) = try flags.loaded()
        let logger = Self.logger
        for warning in loaded.warnings {
            logger.warning("configuration", metadata: ["warning": "\(warning)"])
        }
        return (loaded.settings, try flags.source(loaded.settings.client), logger)
    }
}
