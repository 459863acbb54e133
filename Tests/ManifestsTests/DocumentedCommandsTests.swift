// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Subprocess
import Testing

/// The commands of README and docs, as `Tests/documents/commands` finds them.
@Suite(.timeLimit(.minutes(10))) struct DocumentedCommandsTests {
    private static let root = #filePath.components(separatedBy: "/Tests/").dropLast().joined(separator: "/Tests/")

    private func check(_ pages: [String]) async throws -> (isGood: Bool, output: String) {
        // The program is built beside the tests.
        let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "kube-ipvs")
        try #require(FileManager.default.isExecutableFile(atPath: program.path()), "\(program.path()) is not built")
        let result = try await run(
            .name("python3"),
            arguments: Arguments(["\(Self.root)/Tests/documents/commands", program.path()] + pages),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        return (result.terminationStatus.isSuccess, result.standardOutput + result.standardError)
    }

    @Test func `each command in the documentation is one that its program takes`() async throws {
        let result = try await check([])
        #expect(result.isGood, "\(result.output)")
    }

    @Test(arguments: [
        "kubectl logs --selector k8s-app=kube-ipvs --field-selector spec.nodeName=a",
        "kubectl gte pods",
        "kubectl patch daemonset kube-proxy --type merge --patch '{spec: [}'",
        "kubectl apply --kustomize Manifests/none",
        "kubectl get pods --output jsonpath='{.items[*}'",
        "kubectl get pods --output custom-columns=NODE",
        "kubectl exec POD -- kube-ipvs dmup",
        "kube-ipvs dump --numbers",
        "kube-ipvs run --ipvs-schedluer rr",
        "ipvsadm --lst",
        "ipset liist",
        "iptables -t nat --list-all-chains",
        "ip adress show",
        "conntrack --no-such-option",
        "make no-such-target",
        "nosuchprogram --help",
        "Tests/kernel/no-such-script",
        "for node in a b; do kubectl get pods",
    ])
    func `a command that does not exist is found`(command: String) async throws {
        let page = FileManager.default.temporaryDirectory.appending(path: "page-\(UUID().uuidString).md")
        defer { try? FileManager.default.removeItem(at: page) }
        try Data("# Page\n\n```sh\n\(command)\n```\n".utf8).write(to: page)
        let result = try await check([page.path()])
        #expect(!result.isGood, "\(result.output)")
    }
}
