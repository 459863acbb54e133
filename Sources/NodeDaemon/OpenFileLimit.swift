// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
public import NodeStartup

/// How many files the process may have open (RLIMIT_NOFILE, getrlimit(2)).
///
/// Many systems begin programs with a soft limit of 1,024, for those that use select(2). Who does not may take all that the
/// hard limit allows; Go does so since 1.19.
public struct OpenFileLimit: Hashable, Sendable {
    public var soft: UInt64
    public var hard: UInt64

    public init(soft: UInt64, hard: UInt64) {
        self.soft = soft
        self.hard = hard
    }

    /// Raises the soft limit of this process to the hard one.
    ///
    /// - Returns: what holds then; `nil` where the system does not say.
    @discardableResult
    public static func raise() -> OpenFileLimit? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        if before < limit.rlim_max, unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 {
            limit.rlim_cur = before
        }
        return OpenFileLimit(soft: UInt64(limit.rlim_cur), hard: UInt64(limit.rlim_max))
    }

    /// - Throws: a sentence for a limit with which the daemon would end in the middle of its work.
    public func check() throws(StartError) {
        try check(processors: HostFacts.processors)
    }

    /// - Parameter processors: each has an event loop, which takes a few files of its own.
    func check(processors: Int) throws(StartError) {
        let least = UInt64(128 + 8 * processors)
        guard soft < least else { return }
        throw StartError(
            "the process may open \(soft) files only, and needs \(least) or more: raise its limit (`ulimit -n`, systemd's LimitNOFILE)"
        )
    }
}
