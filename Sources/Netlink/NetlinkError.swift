// SPDX-License-Identifier: GPL-2.0-or-later
/// A netlink exchange that failed.
public struct NetlinkError: Error, Hashable, Sendable {
    public enum Operation: String, Hashable, Sendable {
        case open
        case build
        case resolveFamily = "resolve the generic netlink family"
        case send
        case receive
        /// The kernel took the message and refused what it asked for.
        case request
    }

    public var operation: Operation
    /// The kernel's own number, never libnl's `NLE_*`: that folds `ESRCH` (no such virtual server) and `ENOENT` (no such
    /// real server) into one code.
    public var errno: Errno
    /// What the kernel said in words (`NLMSGERR_ATTR_MSG`), or where a message is malformed.
    public var explanation: String?

    public init(_ operation: Operation, _ errno: Errno, explanation: String? = nil) {
        self.operation = operation
        self.errno = errno
        self.explanation = explanation
    }

    package static func malformed(_ explanation: String) -> NetlinkError {
        NetlinkError(.receive, .badMessage, explanation: explanation)
    }
}

extension NetlinkError: CustomStringConvertible {
    /// The kernel's words where there are some, else the words of the number.
    public var description: String {
        let words = explanation.map { "\(errno): \($0)" } ?? "\(errno)"
        return operation == .request ? words : "netlink: \(operation.rawValue): \(words)"
    }
}
