/// The name of an IPVS scheduler, such as `rr`. Which ones there are is the kernel's to say.
public struct Scheduler: Hashable, Sendable, CustomStringConvertible {
    /// At most 15 bytes (`IP_VS_SCHEDNAME_MAXLEN` with its final zero), so it never needs the heap.
    public let name: String

    /// `nil` when the name is empty, longer than 15 bytes, or not printable ASCII without spaces.
    public init?(_ name: String) {
        guard (1...15).contains(name.utf8.count), name.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            return nil
        }
        self.name = name
    }

    private init(known name: String) {
        self.name = name
    }

    /// `rr`, kube-proxy's default.
    public static let roundRobin = Scheduler(known: "rr")
    /// `mh`, consistent hashing after Google's Maglev.
    public static let maglevHashing = Scheduler(known: "mh")

    public var description: String { name }
}
