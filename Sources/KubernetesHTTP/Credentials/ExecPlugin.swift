// SPDX-License-Identifier: GPL-2.0-or-later
/// A program that gives credentials, as a kubeconfig's `exec` describes it (`client.authentication.k8s.io`).
struct ExecPlugin: Hashable, Sendable {
    enum Version: String, Hashable, Sendable, CaseIterable {
        case v1 = "client.authentication.k8s.io/v1"
        case v1beta1 = "client.authentication.k8s.io/v1beta1"
    }

    var version: Version
    /// A name to be looked for in `PATH`, or a path.
    var command: String
    var arguments: [String] = []
    /// Added to the environment of this process.
    var environment: [String: Secret<String>] = [:]
    /// For a person, when the program is missing.
    var installHint = ""
    var providesClusterInfo = false
}
