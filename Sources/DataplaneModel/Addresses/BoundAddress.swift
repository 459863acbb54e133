public import Addressing

/// An address of the dummy link as the kernel has it.
public struct BoundAddress: Hashable, Sendable {
    public var address: IPAddress
    /// Whether the node may choose it as the source of what it sends. None should be: somebody else has bound it so, and to
    /// bind it again mends that.
    public var isSelectable: Bool

    public init(_ address: IPAddress, isSelectable: Bool = false) {
        self.address = address
        self.isSelectable = isSelectable
    }
}
