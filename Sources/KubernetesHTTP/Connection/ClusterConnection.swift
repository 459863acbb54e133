// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// Everything that is needed to talk to an API server: where it is, whom to trust and who we are.
///
/// Read from a kubeconfig or made from what a Pod is given. Secrets in it are not shown when it is printed.
public struct ClusterConnection: Hashable, Sendable {
    public internal(set) var server: ServerAddress
    var trust = ServerTrust.system
    /// A file with the authorities that the system trusts.
    var systemAuthorities = SystemAuthorities.file(environment: [:])
    /// The name the server's certificate must be for, where that is not the host of its URL.
    var serverName: String?
    var proxy: ProxyAddress?
    var user = ClusterUser()
    /// What a credential plugin is told about the cluster when it asks.
    var execInfo: JSONValue = .null
    /// What an operator should know: things that are allowed and dangerous.
    public internal(set) var warnings: [String] = []

    /// Where an API server listens that wants no credentials.
    init(server: ServerAddress) {
        self.server = server
    }
}

/// Whose certificates prove that the server is the cluster's.
enum ServerTrust: Hashable, Sendable {
    /// The certificate authorities of the system.
    case system
    /// These certificate authorities and no others, in PEM; those of the system where it is empty, as with client-go.
    case authorities(Material)
    /// Anybody's. Only where the kubeconfig says so.
    case anyone
}

/// Something that stands in the kubeconfig or in a file that it names.
enum Material: Hashable, Sendable {
    case data(Secret<[UInt8]>)
    case file(String)
}

/// Who we are to the server. Several of these may be given; each that is given is used.
struct ClusterUser: Hashable, Sendable {
    enum Authorization: Hashable, Sendable {
        case none
        case token(Secret<String>)
        /// Read again when it is older than `tokenAge`, and when the server refuses it.
        case tokenFile(String)
        case password(user: String, Secret<String>)
        /// A program that gives a token or a certificate.
        case plugin(ExecPlugin)
    }

    struct Certificate: Hashable, Sendable {
        var chain: Material
        var key: Material
    }

    var authorization = Authorization.none
    var certificate: Certificate?
    /// Headers that ask the server to act as somebody else.
    var impersonation: [Header] = []
}

/// A header of each request.
struct Header: Hashable, Sendable {
    var name: String
    var value: String
}
