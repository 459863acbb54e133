// SPDX-License-Identifier: GPL-2.0-or-later
import SystemTesting
import Testing

@testable import KubernetesHTTP

/// Small files used to crash the reader of kubeconfigs or keep it busy for ever.
@Suite("Kubeconfigs that are too much for a reader", .timeLimit(.minutes(5))) struct HostileKubeconfigTests {
    @Test(arguments: HostileText.yaml)
    func `a kubeconfig that is too much is named with the limit it has met`(text: HostileText) {
        let problems = KubeconfigReader(text.bytes, file: "config").problems
        #expect(problems.count == 1)
        #expect(problems.first?.place.hasPrefix("config:") == true)
        #expect(problems.first?.reason.contains(text.reason) == true, "\(problems)")
    }

    @Test func `a byte order mark is no part of the kubeconfig`() {
        let reader = KubeconfigReader([0xef, 0xbb, 0xbf] + Array("current-context: here\n".utf8), file: "config")
        #expect(reader.problems.isEmpty)
        #expect(reader.kubeconfig.currentContext == "here")
    }

    @Test func `merge keys are followed as in manifests`() {
        let text = """
            clusters:
            - name: a
              cluster: &a {server: "https://10.0.0.1", tls-server-name: one}
            - name: b
              cluster: {<<: *a, tls-server-name: two}
            """
        let reader = KubeconfigReader(Array(text.utf8), file: "config")
        #expect(reader.problems.isEmpty)
        #expect(reader.kubeconfig.clusters["b"]?.value.server == "https://10.0.0.1")
        #expect(reader.kubeconfig.clusters["b"]?.value.tlsServerName == "two")
    }

    @Test func `100,000 keys for the API server do not search for each other`() {
        let extra = (0..<100_000).map { "      k\($0): [v]\n" }.joined()
        let text = "users:\n- name: u\n  user:\n    as-user-extra:\n" + extra
        let reader = KubeconfigReader(Array(text.utf8), file: "config")
        #expect(reader.problems.isEmpty)
        #expect(reader.kubeconfig.users["u"]?.value.impersonateExtra.count == 100_000)
    }

    @Test func `of many mistakes a hundred are told`() {
        let text = "users: [" + String(repeating: "{name: {}}, ", count: 10_000) + "]"
        #expect(KubeconfigReader(Array(text.utf8), file: "config").problems.count == 100)
    }
}
