import Addressing
import NIOCore
import NIOSSL

/// Who the server's certificate must be for (RFC 9525).
///
/// This is asked besides what NIOSSL checks, and before anything is sent. NIOSSL takes a certificate too that is not for the
/// name but for the address of the peer, or that has the name as its common name only. In a cluster that is too much: the
/// same authority signs the certificates of the nodes, with their addresses.
enum ServerIdentity: Hashable, Sendable {
    case address(IPAddress)
    /// In lower case and without a dot at its end.
    case name(String)

    init(_ host: String) {
        if let address = IPAddress(host) {
            self = .address(address)
        } else {
            self = .name((host.hasSuffix(".") ? String(host.dropLast()) : host).lowercased())
        }
    }

    var isAddress: Bool {
        if case .address = self { true } else { false }
    }

    /// Whether one of the alternative names of a certificate is this. A wildcard stands for one whole label, the first.
    func matches(_ certificate: NIOSSLCertificate) -> Bool {
        certificate._subjectAlternativeNames().contains { alternative in
            switch self {
            case .address(let address):
                alternative.nameType == .ipAddress && Array(alternative.contents) == address.networkBytes
            case .name(let name):
                alternative.nameType == .dnsName
                    && Self.isName(name, like: String(decoding: Array(alternative.contents), as: UTF8.self))
            }
        }
    }

    /// - Parameter pattern: A name of a certificate, which may begin with a wildcard.
    static func isName(_ name: String, like pattern: String) -> Bool {
        let pattern = pattern.lowercased()
        guard pattern.hasPrefix("*.") else { return name == pattern }
        guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return false }
        return name[dot...] == pattern.dropFirst()
    }
}

extension ServerIdentity: CustomStringConvertible {
    var description: String {
        switch self {
        case .address(let address): "the address \(address)"
        case .name(let name): "the name \(name)"
        }
    }
}

/// The server's certificate is for others.
struct WrongServerIdentity: Error {
    var wanted: ServerIdentity
}

extension Channel {
    /// Fails unless the certificate that the server has shown is for `identity`.
    func requireCertificate(for identity: ServerIdentity) -> EventLoopFuture<Void> {
        nioSSL_peerCertificate().flatMapThrowing { certificate in
            guard let certificate, identity.matches(certificate) else { throw WrongServerIdentity(wanted: identity) }
        }
    }
}
