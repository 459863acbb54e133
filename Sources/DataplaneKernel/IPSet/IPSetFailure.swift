// SPDX-License-Identifier: GPL-2.0-or-later
import CSetsProtocol
import ChildPrograms
import Glibc
import Netlink

/// What the kernel said when it refused a command, or what has become of the program that gives commands to it.
struct IPSetFailure: Error, Hashable {
    /// The kernel's: an errno or an `IPSET_ERR_*`. 0 when the exchange itself broke.
    var number: Int32
    var words: String
    /// Whether the program does not run, or is of no more use. The words name it.
    var isOfProgram = false

    static func program(_ path: String, _ words: String) -> Self {
        Self(number: 0, words: "\(path), the program that writes sets, \(words)", isOfProgram: true)
    }

    /// There is no ip_set, or the process may not use it.
    static func unavailable(_ number: Int32, _ words: String) -> Self {
        let reason =
            switch number {
            case EPERM: "the process may not use ip_set, it lacks CAP_NET_ADMIN (\(words))"
            case ENOMEM: words
            // Without nfnetlink there is not even a socket, and so no answer with a number.
            default: "the kernel has no ip_set, load the module `ip_set` (\(words))"
            }
        return Self(number: number, words: reason)
    }
}

extension AttendedProgram.End {
    /// As what a program did.
    var inWords: String {
        switch self {
        case .exited(let status): "ended with status \(status)"
        case .signaled(let signal): "was ended by signal \(signal)"
        }
    }
}
