// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing
import DataplaneModel
import DataplaneTesting
import Foundation
import HTTPSurfaces
import InMemoryLogging
import KubernetesHTTP
import KubernetesObjects
import Logging
import Reconcile
import Subprocess
import Testing

@testable import NodeDaemon
@testable import NodeStartup

/// Privileges as they are: what the daemon may not do is told, and costs no more than it must.
struct PrivilegeTests {
    @Test func `a setting that cannot be read or written is told, and does not end the start`() {
        let recorder = InMemoryLogHandler()
        let logger = Logger(label: "test", factory: { _ in recorder })
        let fake = FakeSettings(["net/ipv4/ip_forward": "0", "net/ipv4/vs/conntrack": "1", "arp_ignore": "0"])
        fake.readOnly = ["net/ipv4/ip_forward"]
        let keeper = NodeSettings.begin(
            SettingsKeeper([
                KernelSetting("net/ipv4/ip_forward", .exactly(1), purpose: "way", isVital: true),
                KernelSetting("net/ipv4/vs/conntrack", .exactly(1), purpose: "masquerading", isVital: true),
                KernelSetting("net/netfilter/nf_conntrack_buckets", .atLeast(4), purpose: "search"),
                KernelSetting("arp_ignore", .exactly(1), purpose: "strict ARP"),
            ]),
            on: fake,
            logger: logger
        )
        #expect(fake.values["arp_ignore"] == "1")
        #expect(keeper.degradedAtStart.count == 2)
        let told = recorder.entries.filter { $0.level >= .error }
        // Without forwarding nothing works: that is louder.
        #expect(told.map(\.level) == [.critical, .error])
        #expect(told.allSatisfy { "\($0.message)".hasSuffix("the daemon goes on") })
    }

    @Test func `too few open files are told in a sentence`() throws {
        let error = #expect(throws: StartError.self) { try OpenFileLimit(soft: 24, hard: 24).check(processors: 2) }
        #expect(error?.description.hasPrefix("the process may open 24 files only, and needs 144 or more") == true)
        try OpenFileLimit(soft: 1024, hard: 1024).check(processors: 64)
    }

    @Test(arguments: [("-Sn 64; ulimit -Hn 4096", false), ("-n 24", true)])
    func `the daemon raises its limit of open files, and says where that does not do`(limit: String, isTold: Bool)
        async throws
    {
        // The program is built beside the tests.
        let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "kube-ipvs")
        let result = try await run(
            .name("bash"),
            arguments: [
                "-c", "ulimit \(limit); exec '\(program.path())' run --kubeconfig=/none --hostname-override=here 2>&1",
            ],
            output: .string(limit: 1 << 16),
            error: .discarded
        )
        let output = result.standardOutput
        #expect(result.terminationStatus == .exited(1), "\(output)")
        #expect(output.contains("the process may open 24 files only") == isTold, "\(output)")
    }

    @Test func `the health-check port's answer is JSON whatever a Service is called`() throws {
        let answer = HealthCheckPorts.answer(ObjectName(namespace: "a\nb", name: #"we"b\"#), 1, isHealthy: true)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
        let service = object["service"] as? [String: String]
        #expect(service == ["namespace": "a\nb", "name": #"we"b\"#])
    }

    @Test func `the note of an event is one line`() {
        let event = ClusterEvent(
            .warning, reason: "R", action: "A", regarding: .node(named: "n"), note: "cannot\u{1b}[2J\nread")
        #expect(event.note == #"cannot\u{1b}[2J\nread"#)
    }
}
