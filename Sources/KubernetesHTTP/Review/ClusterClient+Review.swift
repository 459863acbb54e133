// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects
public import KubernetesWatch

extension ClusterClient {
    /// Asks the API server for its version, and whether these credentials may do what the daemon does there.
    ///
    /// It takes as long as a connection may take where nobody answers; see `HTTPTarget`.
    ///
    /// - Parameter nodeName: Of the own Node.
    public func review(nodeName: String) async -> APIServerReview {
        await APIServerReview(transport: transport, server: "\(server)", nodeName: nodeName)
    }
}

extension APIServerReview {
    /// For how long the server may be silent.
    private static var idleLimit: Duration { .seconds(10) }
    /// The longest answer, in bytes.
    private static var lengthLimit: Int { 1 << 20 }

    /// Asks through a transport.
    public init(transport: some APITransport, server: String, nodeName: String) async {
        self.init(server: server)
        do throws(APIError) {
            let document = try await Self.answer(
                to: APIRequest(path: "/version", idleLimit: Self.idleLimit), through: transport)
            version = document?.present("gitVersion")?.plainText ?? ""
            // Some vendors write "27+".
            minor = (document?.present("minor")?.plainText).flatMap { Int($0.prefix { $0.isASCII && $0.isNumber }) }
        } catch .status(let status) where status.code == 403 || status.code == 404 {
            // It has answered, and keeps its version to itself.
        } catch {
            failure = error
            return
        }
        for permission in APIPermission.needed(nodeName: nodeName) {
            permissions[permission] = await Self.answer(to: permission, through: transport)
        }
    }

    private static func answer(to permission: APIPermission, through transport: some APITransport) async -> Answer {
        do throws(APIError) {
            let document = try await answer(to: permission.request(idleLimit: idleLimit), through: transport)
            guard let status = document?.present("status") else { throw .malformed("a review without a status") }
            if case .bool(true)? = status.present("allowed")?.value { return .allowed }
            let reason = status.present("reason")?.plainText ?? status.present("evaluationError")?.plainText ?? ""
            return .denied(reason: reason)
        } catch {
            return .unknown(error)
        }
    }

    private static func answer(
        to request: APIRequest,
        through transport: some APITransport
    ) async throws(APIError) -> DocumentNode? {
        let body = try await transport.send(request).checked().collect(upTo: lengthLimit)
        do throws(DocumentSyntaxError) {
            return try JSONReader.read(body)
        } catch {
            throw .malformed("no JSON (line \(error.line))")
        }
    }
}

extension APIPermission {
    /// A `SelfSubjectAccessReview`, which everybody may make who is known to the server (ClusterRole `system:basic-user`).
    fileprivate func request(idleLimit: Duration) -> APIRequest {
        var attributes: [JSONValue.Member] = [
            .init(key: "verb", value: .string(verb)), .init(key: "group", value: .string(group)),
            .init(key: "resource", value: .string(resource)),
        ]
        if let namespace { attributes.append(.init(key: "namespace", value: .string(namespace))) }
        if let name { attributes.append(.init(key: "name", value: .string(name))) }
        let review: JSONValue = [
            "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
            "spec": ["resourceAttributes": .object(attributes)],
        ]
        return APIRequest(
            method: .post,
            path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            contentType: "application/json",
            body: review.text,
            idleLimit: idleLimit
        )
    }
}
