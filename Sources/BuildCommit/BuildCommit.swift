// SPDX-License-Identifier: GPL-2.0-or-later
/// What this program was built of.
public enum BuildCommit {
    /// The hash of the commit; `nil` where there was no repository. It says nothing of changes that were not committed.
    public static var hash: String? { commit.isEmpty ? nil : commit }
}
