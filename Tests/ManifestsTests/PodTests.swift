// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Subprocess
import Testing

/// What the DaemonSet asks of the node, as kubectl renders it.
struct PodTests {
    private static let root = #filePath.components(separatedBy: "/Tests/").dropLast().joined(separator: "/Tests/")

    /// The documents of a kustomization, as kubectl renders it.
    private func rendered(_ folder: String) async throws -> String {
        try await rendered(path: "\(Self.root)/Manifests/\(folder)")
    }

    private func rendered(path: String) async throws -> String {
        let result = try await run(
            .name("kubectl"), arguments: ["kustomize", path],
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        return result.standardOutput
    }

    /// The DaemonSet's document: what is below `kind: DaemonSet`.
    private func daemonSet(_ folder: String) async throws -> [Substring] {
        let documents = try await rendered(folder).components(separatedBy: "\n---\n")
        let document = try #require(documents.first { $0.contains("\nkind: DaemonSet\n") })
        return document.split(separator: "\n").map { $0.drop { $0 == " " || $0 == "-" } }
    }

    @Test(arguments: ["base", "kubeadm"])
    func `the container that is started again can write the kernel's settings, and no container is privileged`(
        folder: String
    ) async throws {
        let lines = try await daemonSet(folder)
        // A restart of a container runs no init container again: what it wrote would stay as the old configuration had it.
        #expect(!lines.contains("initContainers:"))
        #expect(!lines.contains("privileged: true"))
        #expect(lines.contains("allowPrivilegeEscalation: false"))
        let mount = try #require(lines.firstIndex(of: "mountPath: /host/proc/sys/net"))
        #expect(lines[mount + 1] == "name: kernel-settings")
        let volume = try #require(lines.firstIndex(of: "path: /proc/sys/net"))
        #expect(lines[volume - 1] == "hostPath:")
        #expect(lines[volume + 2] == "name: kernel-settings")
    }

    @Test func `the component for routes adds one variable to the container of daemon and preflight, and nothing else`()
        async throws
    {
        let daemon = try await rendered("virtual-ips-as-routes/kubeadm")
        try await expectVariable(in: daemon, beyond: try await rendered("kubeadm"))

        // As an administrator writes it, here for the preflight.
        let folder = FileManager.default.temporaryDirectory.path + "/kube-ipvs-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let up = folder.split(separator: "/").map { _ in ".." }.joined(separator: "/") + "\(Self.root)/Manifests"
        let text = """
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            resources: ["\(up)/preflight"]
            components: ["\(up)/virtual-ips-as-routes/component"]

            """
        try text.write(toFile: folder + "/kustomization.yaml", atomically: true, encoding: .utf8)
        try await expectVariable(in: try await rendered(path: folder), beyond: try await rendered("preflight"))
    }

    private func expectVariable(in text: String, beyond base: String) async throws {
        let added = text.split(separator: "\n").difference(from: base.split(separator: "\n")).map { change in
            switch change {
            case .insert(_, let line, _): "+" + line.drop { $0 == " " }
            case .remove(_, let line, _): "-" + line.drop { $0 == " " }
            }
        }
        #expect(added.sorted() == ["+- name: KUBE_IPVS_VIRTUAL_IPS", "+value: routes"])
    }
}
