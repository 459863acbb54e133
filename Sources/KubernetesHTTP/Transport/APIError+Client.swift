// SPDX-License-Identifier: GPL-2.0-or-later
import AsyncHTTPClient
import Glibc
import KubernetesWatch
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension APIError {
    /// What the HTTP client has failed with, for a person and by kind.
    init(fromClient error: any Error) {
        self = .transport(TransportFailure(fromClient: error))
    }
}

extension TransportFailure {
    init(fromClient error: any Error) {
        switch error {
        case let error as HTTPClientError: self.init(error)
        case let error as NIOConnectionError: self.init(.cannotConnect, error.explanation)
        case let error as IOError: self.init(error)
        case let error as NIOSSLError: self.init(error)
        case let error as NIOSSLExtraError: self.init(.tls, "\(error)")
        case let error as CertificateRefusal: self.init(.tls, "\(error)")
        case let error as BoringSSLError: self.init(.tls, error.explanation)
        case let error as HTTPParserError:
            self.init(.connectionLost, "what came is not HTTP, or only a part of it: \(error)")
        case ChannelError.connectTimeout: self.init(.cannotConnect, "no connection in time")
        case let error as ChannelError: self.init(.connectionLost, "the connection was closed: \(error)")
        case is CancellationError: self.init(.cancelled, "cancelled")
        default: self.init(.other, "\(error)")
        }
    }

    private init(_ error: HTTPClientError) {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: self.init(.cannotConnect, "no connection in time")
        case .tlsHandshakeTimeout: self.init(.tls, "no TLS handshake in time")
        case .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            self.init(.cannotConnect, "the proxy has not connected in time")
        case .invalidProxyResponse: self.init(.cannotConnect, "the proxy has refused to connect")
        case .proxyAuthenticationRequired:
            self.init(.cannotConnect, "the proxy wants a user name and password, or others")
        case .remoteConnectionClosed: self.init(.connectionLost, "the server has closed the connection")
        case .cancelled: self.init(.cancelled, "cancelled")
        default: self.init(.other, error.shortDescription)
        }
    }

    private init(_ error: IOError) {
        let isAboutConnecting = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL].contains(error.errnoCode)
        self.init(isAboutConnecting ? .cannotConnect : .connectionLost, error.words)
    }

    private init(_ error: NIOSSLError) {
        switch error {
        case .handshakeFailed(let cause): self.init(.tls, cause.explanation)
        case .uncleanShutdown: self.init(.connectionLost, "the connection ended without TLS having been told")
        default: self.init(.tls, "\(error)")
        }
    }
}

extension IOError {
    /// In the kernel's words.
    fileprivate var words: String {
        unsafe String(cString: strerror(errnoCode))
    }
}

extension BoringSSLError {
    fileprivate var explanation: String {
        let text = "\(self)"
        if text.contains("KEY_USAGE_BIT_INCORRECT") {
            return "the server's certificate is not for digital signatures (key usage)"
        }
        if text.contains("WRONG_VERSION_NUMBER") { return "the server does not speak TLS" }
        return "the TLS handshake failed: \(text)"
    }
}

extension NIOConnectionError {
    fileprivate var explanation: String {
        let attempts = connectionErrors.map { failure in
            let cause = (failure.error as? IOError)?.words ?? "\(failure.error)"
            return "\(failure.target): \(cause)"
        }
        guard attempts.isEmpty else { return attempts.joined(separator: "; ") }
        let cause = dnsAError ?? dnsAAAAError
        return "the name \(host) could not be resolved\(cause.map { ": \($0)" } ?? "")"
    }
}
