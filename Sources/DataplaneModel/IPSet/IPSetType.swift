// SPDX-License-Identifier: GPL-2.0-or-later
/// A set type of the kernel, by the name that ipset gives it.
public enum IPSetType: String, CaseIterable, Hashable, Sendable {
    case bitmapPort = "bitmap:port"
    case hashIP = "hash:ip"
    case hashIPPort = "hash:ip,port"
    case hashIPPortIP = "hash:ip,port,ip"
    case hashIPPortNet = "hash:ip,port,net"
}
