// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser

/// The logging flags of `k8s.io/component-base`. They count beside a configuration file, and before it.
struct LoggingFlags: ParsableArguments, Sendable {
    @Option(
        name: .customLong("v"), help: ArgumentHelp("How much is logged, also -v. (default: 0)", valueName: "number"))
    var verbosity: String?

    @Option(help: ArgumentHelp("text or json. (default: text)", valueName: "format"))
    var loggingFormat: String?

    @Option(help: ArgumentHelp("Accepted, has no effect: no line is held back. (default: 5s)", valueName: "duration"))
    var logFlushFrequency: String?

    @Option(help: ArgumentHelp("Accepted, has no effect: pattern=number, with commas.", valueName: "list"))
    var vmodule: [String] = []

    @Option(help: ArgumentHelp("Accepted with the gate LoggingAlphaOptions.", valueName: "bool"))
    var logTextSplitStream: String?

    @Option(help: ArgumentHelp("Accepted with the gate LoggingAlphaOptions.", valueName: "size"))
    var logTextInfoBufferSize: String?

    @Option(help: ArgumentHelp("Accepted with the gate LoggingAlphaOptions.", valueName: "bool"))
    var logJsonSplitStream: String?

    @Option(help: ArgumentHelp("Accepted with the gate LoggingAlphaOptions.", valueName: "size"))
    var logJsonInfoBufferSize: String?

    func apply(to flags: inout FlagApplier) {
        flags.set("v", verbosity, \.logging.verbosity, at: "logging.verbosity", .verbosity)
        flags.set("logging-format", loggingFormat, \.logging.format, at: "logging.format", .text)
        flags.set(
            "log-flush-frequency",
            logFlushFrequency,
            \.logging.flushFrequency,
            at: "logging.flushFrequency",
            .duration
        )
        applyVModule(to: &flags)
        let options = "logging.options."
        flags.set(
            "log-text-split-stream",
            logTextSplitStream,
            \.logging.textOptions.splitStream,
            at: options + "text.splitStream",
            .bool
        )
        flags.set(
            "log-text-info-buffer-size",
            logTextInfoBufferSize,
            \.logging.textOptions.infoBufferSize,
            at: options + "text.infoBufferSize",
            .text
        )
        flags.set(
            "log-json-split-stream",
            logJsonSplitStream,
            \.logging.jsonOptions.splitStream,
            at: options + "json.splitStream",
            .bool
        )
        flags.set(
            "log-json-info-buffer-size",
            logJsonInfoBufferSize,
            \.logging.jsonOptions.infoBufferSize,
            at: options + "json.infoBufferSize",
            .text
        )
    }

    /// The flag's patterns come before the file's.
    private func applyVModule(to flags: inout FlagApplier) {
        let files = flags.configuration.logging.vmodule
        if flags.reads("vmodule", { _ in files.map { "\($0.filePattern)=\($0.verbosity)" }.joined(separator: ",") }) {
            return
        }
        guard !vmodule.isEmpty else { return }
        flags.note("vmodule", at: "logging.vmodule")
        var given: [KubeProxyConfiguration.FileVerbosity] = []
        for pair in vmodule.flatMap({ $0.split(separator: ",") }) {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
            if parts.count == 2, !parts[0].isEmpty, let level = FlagValue.verbosity.parse(String(parts[1])) {
                given.append(KubeProxyConfiguration.FileVerbosity(filePattern: String(parts[0]), verbosity: level))
            } else {
                flags.refuse("vmodule", String(pair), wanted: "a pattern with =number")
            }
        }
        flags.configuration.logging.vmodule = given + files
    }
}
