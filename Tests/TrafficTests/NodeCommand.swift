// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Subprocess
import SystemTesting
import Testing

/// Commands beside a running daemon, and a cluster that has names for its Pods.
enum NodeCommand {
    struct Answer {
        var status: TerminationStatus
        var output: String
        var errors: String
    }

    static func run(_ arguments: [String], in cluster: Cluster) async throws -> Answer {
        let words = ["netns", "exec", "node", Daemon.path] + arguments
        let result = try await Subprocess.run(
            .name("ip"), arguments: Arguments(words), output: .string(limit: 1 << 22), error: .string(limit: 1 << 20))
        return Answer(status: result.terminationStatus, output: result.standardOutput, errors: result.standardError)
    }

    /// What a Perl expression makes of a JSON document, `%j`.
    static func json(_ text: String, _ expression: String) async throws -> String {
        let script = #"my %j = %{decode_json(join('', <STDIN>))}; print "# + expression
        return try await command(["perl", "-MJSON::PP", "-e", script], input: text)
    }

    private static let state =
        "conditions: {ready: true}, nodeName: node-1, zone: zone-a, targetRef: {kind: Pod, name: "

    /// Writes a Service of port 80 in the namespace `test`, whose Pods are called by its name and a number.
    static func write(_ name: String, _ address: String, pods: [String], to cluster: Cluster) throws {
        let states = Dictionary(uniqueKeysWithValues: pods.enumerated().map { ($1, "\(state)\(name)-\($0)}") })
        try cluster.write(
            Manifest.service(
                name, clusterIPs: [address], ports: [.init(port: 80, target: 8080)], endpoints: pods, states: states),
            to: "\(name).yaml")
    }
}
