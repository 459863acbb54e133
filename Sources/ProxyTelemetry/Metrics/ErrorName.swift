// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Names of the kernel's error numbers, as a bounded set: for metric labels.
enum ErrorName {
    private static let names: [Int32: String] = [
        EACCES: "EACCES",
        EADDRINUSE: "EADDRINUSE",
        EADDRNOTAVAIL: "EADDRNOTAVAIL",
        EAFNOSUPPORT: "EAFNOSUPPORT",
        EAGAIN: "EAGAIN",
        EBUSY: "EBUSY",
        EEXIST: "EEXIST",
        EINVAL: "EINVAL",
        EIO: "EIO",
        EMSGSIZE: "EMSGSIZE",
        ENETDOWN: "ENETDOWN",
        ENETUNREACH: "ENETUNREACH",
        ENOBUFS: "ENOBUFS",
        ENODEV: "ENODEV",
        ENOENT: "ENOENT",
        ENOMEM: "ENOMEM",
        ENOSPC: "ENOSPC",
        EOPNOTSUPP: "EOPNOTSUPP",
        EPERM: "EPERM",
        EPROTONOSUPPORT: "EPROTONOSUPPORT",
        ERANGE: "ERANGE",
        ESRCH: "ESRCH",
        ETIMEDOUT: "ETIMEDOUT",
    ]

    /// `other` for 0 and for what has no name here, such as the numbers of ipset.
    static func of(_ number: Int32) -> String {
        names[number] ?? "other"
    }
}
