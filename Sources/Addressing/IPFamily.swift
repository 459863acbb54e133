// SPDX-License-Identifier: GPL-2.0-or-later
/// An IP version. IPv4 and IPv6 are separate planes all the way down to the kernel.
public enum IPFamily: UInt8, CaseIterable, Hashable, Comparable, Sendable, CustomStringConvertible {
    case v4 = 4
    case v6 = 6

    /// The length of an address, in bits: 32 or 128.
    public var bitWidth: UInt8 {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    /// The other version.
    public var other: IPFamily {
        self == .v4 ? .v6 : .v4
    }

    /// `IPv4` or `IPv6`, as Kubernetes writes it in `ipFamilies` and kube-proxy in metric labels.
    public var description: String {
        switch self {
        case .v4: "IPv4"
        case .v6: "IPv6"
        }
    }

    public static func < (lhs: IPFamily, rhs: IPFamily) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}
