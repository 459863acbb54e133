// SPDX-License-Identifier: GPL-2.0-or-later
/// The name of an IPVS scheduler, such as `rr`. Which ones there are is the kernel's to say.
public struct Scheduler: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    private let text: IPVSName

    /// `nil` when the name is empty, longer than 15 bytes, or not printable ASCII without spaces.
    public init?(_ name: String) {
        guard let text = IPVSName(name) else { return nil }
        self.text = text
    }

    private init(known text: IPVSName) {
        self.text = text
    }

    /// `rr`, kube-proxy's default.
    public static let roundRobin = Scheduler(known: "rr")
    /// `mh`, consistent hashing after Google's Maglev.
    public static let maglevHashing = Scheduler(known: "mh")

    public var name: String { text.description }

    public var description: String { name }
}
