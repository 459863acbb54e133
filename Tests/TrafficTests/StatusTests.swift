// SPDX-License-Identifier: GPL-2.0-or-later
import Subprocess
import SystemTesting
import Testing

extension TrafficSuite {
    /// `kube-ipvs status` on a node.
    @Suite struct StatusTests {
        @Test func `status tells of a node that works, of what others changed, of a refused object, and of no daemon`()
            async throws
        {
            try await Cluster.with { cluster in
                let none = try await NodeCommand.run(["status"], in: cluster)
                #expect(none.status == .exited(2) && none.output == "")
                #expect(none.errors.contains("the local socket @kube-ipvs/status of this network namespace"))

                try NodeCommand.write("web", "10.96.0.10", pods: ["10.244.1.11", "10.244.1.12"], to: cluster)
                let daemon = try await cluster.startDaemon(on: .node, "--ipvs-sync-period", "1s")
                let good = try await NodeCommand.run(["status"], in: cluster)
                #expect(good.output.hasPrefix("node node-1 is as it should be\n"), "\(good.output)")
                #expect(good.status == .exited(0) && good.errors == "")
                #expect(good.output.contains("1 virtual servers, 2 real servers\n"))
                #expect(good.output.contains("  manifests: watched, last event "))

                try await cluster.run(in: .node, "ipvsadm", "-D", "-t", "10.96.0.10:80")
                try await eventually("the drift is told") {
                    try await NodeCommand.run(["status"], in: cluster).output.contains(
                        "others have changed in 24 h: 1 virtual_server")
                }

                try cluster.write(
                    "{apiVersion: v1, kind: Service, metadata: {name: bad, namespace: test}, "
                        + "spec: {clusterIP: 10.96.0.99, clusterIPs: [10.96.0.99], ports: [{port: 0}]}}\n",
                    to: "bad.yaml")
                try await eventually("the rejected object is told by name") {
                    let status = try await NodeCommand.run(["status", "-o", "json"], in: cluster)
                    return try await NodeCommand.json(status.output, "$j{rejectedCount}, $j{rejected}[0]{text} // ''")
                        .hasPrefix("1Service test/bad: spec.ports")
                }
                try cluster.write("", to: "bad.yaml")
                try await eventually("and no more when it has gone") {
                    let status = try await NodeCommand.run(["status", "-o", "json"], in: cluster)
                    return try await NodeCommand.json(status.output, "$j{rejectedCount}") == "0"
                }
                try await daemon.stop()
                #expect(try await NodeCommand.run(["status"], in: cluster).status == .exited(2))
            }
        }
    }
}
