// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// What kubeconfig files say, before any of it is used.
///
/// Each entry knows where it stands, for error messages and because its relative paths are relative to its own file.
struct Kubeconfig {
    var clusters: [String: Entry<Cluster>] = [:]
    var users: [String: Entry<User>] = [:]
    var contexts: [String: Entry<Context>] = [:]
    var currentContext = ""
    /// The files that were read.
    var files: [String] = []

    struct Entry<Value> {
        var value: Value
        var origin: Origin
    }

    /// Where an entry stands.
    struct Origin {
        var file: String
        var line: Int
        /// Such as `clusters[kubernetes].cluster`.
        var key: String
    }

    struct Cluster {
        var server = ""
        var tlsServerName = ""
        var insecureSkipTLSVerify = false
        var certificateAuthority = ""
        var certificateAuthorityData = ""
        var proxyURL = ""
        /// The configuration that the cluster holds for credential plugins.
        var execConfiguration: DocumentNode?
    }

    struct User {
        var clientCertificate = ""
        var clientCertificateData = ""
        var clientKey = ""
        var clientKeyData = ""
        var token = ""
        var tokenFile = ""
        var username = ""
        var password = ""
        var authProvider: String?
        var exec: Exec?
        var impersonate = ""
        var impersonateUID = ""
        var impersonateGroups: [String] = []
        var impersonateExtra: [(key: String, values: [String])] = []
    }

    struct Exec {
        var apiVersion = ""
        var command = ""
        var arguments: [String] = []
        var environment: [(name: String, value: String)] = []
        var installHint = ""
        var providesClusterInfo = false
        var interactiveMode = ""
    }

    struct Context {
        var cluster = ""
        var user = ""
    }

    /// Adds what another file says: of two entries of one name, the first that was read holds, as with kubectl.
    mutating func merge(_ other: Kubeconfig) {
        clusters.merge(other.clusters) { first, _ in first }
        users.merge(other.users) { first, _ in first }
        contexts.merge(other.contexts) { first, _ in first }
        if currentContext.isEmpty { currentContext = other.currentContext }
        files += other.files
    }
}
