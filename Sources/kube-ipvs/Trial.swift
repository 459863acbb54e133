// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import DataplaneKernel
import DataplaneModel
import KubeProxyConfig
import NodeDaemon
import NodeInspection
import Subprocess
import SystemPackage

/// The part of `check` that writes: this program once more, in a network namespace of its own.
///
/// It takes two steps. The program that is started makes the namespace, which only its own thread is in then, and begins
/// anew; what has begun anew is in there as a whole.
struct Trial: ExpressibleByArgument {
    private let variant: IPTablesVariant
    /// The namespace in which nothing may be tried.
    private let outside: String?

    init(_ variant: IPTablesVariant) {
        self.variant = variant
        outside = NetworkNamespace.name
    }

    /// Such as `nft,net:[4026531840]`.
    init?(argument: String) {
        let parts = argument.split(separator: ",", maxSplits: 1)
        guard parts.count == 2, let variant = IPTablesVariant(rawValue: String(parts[0])) else { return nil }
        self.variant = variant
        outside = String(parts[1])
    }

    /// Starts the program with what makes it run the trial, and waits for its findings.
    func start() async -> [NodeFinding] {
        guard let outside else { return [notTried("there is no /proc/thread-self/ns/net")] }
        do {
            let arguments = CommandLine.arguments.dropFirst() + ["--trial=\(variant.rawValue),\(outside)"]
            let result = try await Subprocess.run(
                .path("/proc/self/exe"),
                arguments: Arguments(Array(arguments)),
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            let findings = result.standardOutput.split(separator: "\n").compactMap { NodeFinding(String($0)) }
            guard result.terminationStatus.isSuccess, !findings.isEmpty else {
                return findings + [
                    NodeFinding(.failure, "trial", "ended with \(result.terminationStatus): \(result.standardError)")
                ]
            }
            return findings
        } catch {
            return [notTried("cannot start this program once more: \(error)")]
        }
    }

    /// Goes into a namespace of its own, and tries what the daemon does.
    func run(_ settings: EffectiveSettings) async -> [NodeFinding] {
        guard let name = NetworkNamespace.name else { return [notTried("there is no /proc/thread-self/ns/net")] }
        // A trial takes all virtual servers for its own. Whoever asks for one by hand would have it where he is.
        guard let parent = NetworkNamespace.nameOfParent, parent == outside else {
            return [notTried("only `check` itself may ask for it")]
        }
        guard name != parent else {
            return [notTried(NetworkNamespace.restartInNew(CommandLine.arguments))]
        }
        return await NodeTrial.run(settings, variant: variant)
    }

    private func notTried(_ reason: String) -> NodeFinding {
        // What was not tried may not work: that is no news to be passed over.
        NodeFinding(.warning, "trial", "not made: \(reason)")
    }
}
