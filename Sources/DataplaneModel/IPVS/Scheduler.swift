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
    /// `sh`, by the client's address.
    public static let sourceHashing = Scheduler(known: "sh")
    public static let destinationHashing = Scheduler(known: "dh")
    public static let leastConnections = Scheduler(known: "lc")
    public static let weightedRoundRobin = Scheduler(known: "wrr")
    public static let weightedLeastConnections = Scheduler(known: "wlc")
    /// Shortest expected delay.
    public static let sed = Scheduler(known: "sed")
    /// Never queue: an idle real server first, and then as `sed`.
    public static let nq = Scheduler(known: "nq")
    /// The less loaded of two that are drawn by weight.
    public static let twos = Scheduler(known: "twos")

    /// Those that Linux has, up to 6.12.
    public static let ofLinux: Set<Scheduler> = [
        .roundRobin, .weightedRoundRobin, .leastConnections, .weightedLeastConnections, .destinationHashing,
        .sourceHashing, .maglevHashing, .sed, .nq, .twos, Scheduler(known: "fo"), Scheduler(known: "ovf"),
        Scheduler(known: "lblc"), Scheduler(known: "lblcr"),
    ]

    public var name: String { text.description }

    public var description: String { name }
}
