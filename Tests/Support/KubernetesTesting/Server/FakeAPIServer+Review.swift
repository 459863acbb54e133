// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

extension FakeAPIServer {
    /// The answer to who asks for the version, or whether something is allowed; `nil` for other requests.
    func respond(toReview request: ServerRequest, _ state: State) throws(ServerRefusal) -> ServerResponse? {
        switch (request.method, request.path) {
        case ("GET", "/version"):
            let minor = state.options.releases.first?.minor ?? 0
            return answer(
                200,
                .fields([
                    "major": .text("1"), "minor": .text("\(minor)"), "gitVersion": .text("v1.\(minor).0"),
                ]))
        case ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"):
            let review = try? JSONReader.read(request.body)
            guard let attributes = review?["spec", "resourceAttributes"],
                let verb = attributes["verb"]?.text, let resource = attributes["resource"]?.text
            else {
                throw ServerRefusal(
                    status: ServerStatus(
                        code: 422, reason: "Invalid", message: "spec.resourceAttributes: Required value")
                )
            }
            let isDenied = state.options.denied.contains("\(verb) \(resource)")
            return answer(
                201,
                .fields([
                    "kind": .text("SelfSubjectAccessReview"),
                    "apiVersion": .text("authorization.k8s.io/v1"),
                    "status": .fields([
                        "allowed": .flag(!isDenied), "reason": isDenied ? .text("no RBAC policy matched") : nil,
                    ]),
                ]))
        default:
            return nil
        }
    }

    private func answer(_ code: Int, _ document: DocumentNode) -> ServerResponse {
        ServerResponse(
            code: code, contentType: "application/json", body: ServerBody([.send(document.json), .end]))
    }
}
