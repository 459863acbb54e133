// SPDX-License-Identifier: GPL-2.0-or-later
/// What a probe asks the daemon of its node.
public enum HealthQuestion: String, CaseIterable, Hashable, Sendable {
    /// Whether what Services want is in place and up to date, and the node is to get traffic: `/healthz` of the health server.
    case ready
    /// Whether no change has waited for too long: `/livez` of the health server.
    case live
    /// Whether the daemon answers at all, whatever it says. This is what kube-proxy's liveness probe asks.
    case ping
}
