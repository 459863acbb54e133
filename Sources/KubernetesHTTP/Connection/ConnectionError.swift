// SPDX-License-Identifier: GPL-2.0-or-later
/// Why there is no way to talk to an API server: everything that is wrong, at once.
public struct ConnectionError: Error, Hashable, Sendable {
    public struct Problem: Hashable, Sendable {
        /// The file, with the line where that is known, or what else the setting is from.
        public var place: String
        /// Such as `users[kube-proxy].user.tokenFile`; empty for the place as a whole.
        public var key: String
        public var reason: String

        init(place: String, key: String, reason: String = "") {
            self.place = place
            self.key = key
            self.reason = reason
        }
    }

    public var problems: [Problem]
}

extension ConnectionError: CustomStringConvertible {
    /// One line for each problem.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

extension ConnectionError.Problem: CustomStringConvertible {
    /// Such as `/etc/kubernetes/config:12: clusters[c].cluster.server: there is no host`.
    public var description: String {
        key.isEmpty ? "\(place): \(reason)" : "\(place): \(key): \(reason)"
    }
}
