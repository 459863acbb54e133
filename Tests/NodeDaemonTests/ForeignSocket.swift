// SPDX-License-Identifier: GPL-2.0-or-later
import Subprocess

/// A program of another user that listens on a socket in the abstract namespace: the first one that binds a name has it.
enum ForeignSocket {
    /// Runs it as the user `nobody` until `body` ends. It needs root.
    ///
    /// - Parameter answer: for each connection, with escapes as in Perl.
    static func listening(
        _ name: String,
        answering answer: String,
        _ body: @Sendable @escaping () async throws -> Void
    ) async throws {
        let script = """
            use Socket; socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
            bind($s, pack('S a*', AF_UNIX, "\\0$ARGV[0]")) or die "bind: $!"; listen($s, 8);
            alarm 60; while (accept(my $c, $s)) { print $c "\(answer)"; close $c }
            """
        let words = ["setpriv", "--reuid", "65534", "--clear-groups", "perl", "-e", script, name]
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                _ = try await Subprocess.run(
                    .name("env"), arguments: Arguments(words), output: .discarded, error: .discarded)
            }
            defer { group.cancelAll() }
            try await body()
        }
    }
}
