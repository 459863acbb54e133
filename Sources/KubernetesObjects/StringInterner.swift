// SPDX-License-Identifier: GPL-2.0-or-later
/// Gives equal strings one storage. For names that few nodes and zones have and thousands of endpoints repeat.
///
/// It remembers what it saw lately, in two generations: when the younger one is full, it becomes the older one, and what was in
/// that and has not come again is forgotten. So names that come and go, or that somebody makes up, take no more than a few MiB.
public struct StringInterner: Sendable {
    private var younger: Set<String> = []
    private var older: Set<String> = []
    /// What the strings of the younger generation take.
    private var size = 0

    /// What one generation may take in bytes: 20,000 names of 40 bytes, and thus all nodes of a large cluster.
    static let generationSize = 2 << 20
    /// What a string takes besides its text: the head of its storage, and its place in the set.
    static let overhead = 64
    /// What is longer is no name: those of nodes are DNS subdomains (RFC 1123), those of zones label values.
    static let longestName = 253
    /// A string up to this length has no storage to share.
    static let longestSmallString = 15

    public init() {}

    public mutating func intern(_ string: String) -> String {
        let length = string.utf8.count
        guard length > Self.longestSmallString, length <= Self.longestName else { return string }
        let (isNew, member) = younger.insert(string)
        guard isNew else { return member }
        var kept = string
        if let known = older.remove(string) {
            kept = known
            younger.update(with: known)
        }
        size += length + Self.overhead
        if size > Self.generationSize {
            older = younger
            younger = []
            size = 0
        }
        return kept
    }
}
