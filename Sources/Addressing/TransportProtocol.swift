// SPDX-License-Identifier: GPL-2.0-or-later
/// A transport protocol that a Service port can have. The raw value is its IANA number.
public enum TransportProtocol: UInt8, CaseIterable, Hashable, Comparable, Sendable, BitwiseCopyable,
    CustomStringConvertible
{
    case tcp = 6
    case udp = 17
    case sctp = 132

    /// The protocol that Kubernetes calls `TCP`, `UDP` or `SCTP`; the case matters there.
    public init?(kubernetesName: some StringProtocol) {
        switch kubernetesName {
        case "TCP": self = .tcp
        case "UDP": self = .udp
        case "SCTP": self = .sctp
        default: return nil
        }
    }

    /// `tcp`, `udp` or `sctp`, as ipset and iptables write it.
    public var lowercaseName: String {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        case .sctp: "sctp"
        }
    }

    /// `TCP`, `UDP` or `SCTP`, as Kubernetes and ipvsadm write it.
    public var description: String {
        switch self {
        case .tcp: "TCP"
        case .udp: "UDP"
        case .sctp: "SCTP"
        }
    }

    public static func < (lhs: TransportProtocol, rhs: TransportProtocol) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}
