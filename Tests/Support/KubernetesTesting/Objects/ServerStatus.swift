// SPDX-License-Identifier: GPL-2.0-or-later
import KubernetesObjects

/// A refusal in the server's words.
package struct ServerStatus: Hashable, Sendable {
    package var code: Int
    package var reason: String
    package var message: String
    /// Goes out as the `Retry-After` header too.
    package var retryAfterSeconds: Int?

    package init(code: Int, reason: String, message: String, retryAfterSeconds: Int? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// The answer to a version that is compacted away.
    package static func expired(_ version: String) -> ServerStatus {
        ServerStatus(code: 410, reason: "Expired", message: "too old resource version: \(version)")
    }

    var document: DocumentNode {
        .fields([
            "kind": .text("Status"),
            "apiVersion": .text("v1"),
            "metadata": .fields([:]),
            "status": .text("Failure"),
            "message": .text(message),
            "reason": .text(reason),
            "details": retryAfterSeconds.map { .fields(["retryAfterSeconds": .number($0)]) },
            "code": .number(code),
        ])
    }
}
