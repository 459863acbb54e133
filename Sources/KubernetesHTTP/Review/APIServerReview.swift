// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesWatch

/// What an API server says of itself, and of what the daemon's credentials are good for.
public struct APIServerReview: Hashable, Sendable {
    /// The answer to the question whether something is allowed.
    public enum Answer: Hashable, Sendable {
        case allowed
        /// With the authorizer's reason; empty when it gave none.
        case denied(reason: String)
        /// The question itself failed.
        case unknown(APIError)
    }

    /// Its address.
    public var server: String
    /// Why it could not be asked at all; `nil` when it has answered.
    public var failure: APIError?
    /// Such as `v1.30.4`; empty when it does not say.
    public var version = ""
    /// The second part of the version; `nil` when it does not say.
    public var minor: Int?
    public var permissions: [APIPermission: Answer] = [:]

    public init(server: String) {
        self.server = server
    }
}
