// SPDX-License-Identifier: GPL-2.0-or-later
/// How the node comes to take packets to virtual IPs as its own (`--virtual-ips`).
public enum VirtualIPMode: String, CaseIterable, Hashable, Sendable {
    /// Each one is an address of the dummy link, as with kube-proxy.
    case addresses
    /// Each one is the destination of a route of type `local`.
    case routes
}
