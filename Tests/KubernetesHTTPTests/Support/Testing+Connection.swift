// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesTesting
import KubernetesWatch
import Logging

@testable import KubernetesHTTP

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

extension ClusterConnection {
    /// To a server of this machine whose certificate is of the authority that tests trust.
    static func local(_ port: Int, host: String = "127.0.0.1", trust authority: String = TestCertificates.authority)
        -> Self
    {
        var connection = ClusterConnection(server: ServerAddress(host: host, port: port))
        connection.trust = .authorities(.data(Secret(Array(authority.utf8))))
        return connection
    }

    static func plain(_ port: Int) -> Self {
        ClusterConnection(server: ServerAddress(isTLS: false, host: "127.0.0.1", port: port))
    }
}

extension HTTPTransport {
    init(_ connection: ClusterConnection, fileAge: Duration = .seconds(60)) {
        self.init(connection, userAgent: "test/1", fileAge: fileAge, logger: .silent)
    }

    /// The words of the failure of a request; `nil` for one that succeeds.
    func failure(_ request: APIRequest = APIRequest(path: "/api/v1/services")) async -> APIError? {
        do throws(APIError) {
            _ = try await send(request).checked().collect(upTo: 1 << 20)
            return nil
        } catch {
            return error
        }
    }
}

extension APIError {
    var failure: TransportFailure? {
        if case .transport(let failure) = self { failure } else { nil }
    }

    var status: APIStatus? {
        if case .status(let status) = self { status } else { nil }
    }
}
