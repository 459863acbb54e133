// SPDX-License-Identifier: GPL-2.0-or-later
/// An owner's claim to a virtual server.
///
/// There is one in a table for each virtual server, so it is kept small: 24 bytes.
struct VirtualServerClaim: Hashable, Sendable, BitwiseCopyable {
    /// The owner's number.
    private let owner: Int32
    /// Where the virtual server is in what the owner contributes.
    private let position: Int32
    private let realServers: Int32
    let kind: VirtualServer.Claim
    /// Of the owner's object, in seconds since 1970.
    let creationTime: Int64

    init(_ server: borrowing VirtualServer, at position: Int, of owner: Int, since creationTime: Int64) {
        self.owner = Int32(truncatingIfNeeded: owner)
        self.position = Int32(truncatingIfNeeded: position)
        realServers = Int32(truncatingIfNeeded: server.realServers.count)
        kind = server.claim
        self.creationTime = creationTime
    }

    var ownerNumber: Int { Int(owner) }
    var index: Int { Int(position) }
    var realServerCount: Int { Int(realServers) }
}

/// The owner that has a virtual server which several want, and those that do not have it.
public struct Contest<Owner: Hashable & Comparable & Sendable>: Hashable, Sendable {
    public struct Party: Hashable, Sendable {
        public var owner: Owner
        public var claim: VirtualServer.Claim

        public init(owner: Owner, claim: VirtualServer.Claim) {
            self.owner = owner
            self.claim = claim
        }
    }

    public var id: VirtualServer.ID
    /// `nil` when no owner wants the virtual server any more.
    public var holder: Party?
    /// The strongest first; empty when no other owner wants it any more.
    public var others: [Party]

    public init(id: VirtualServer.ID, holder: Party?, others: [Party]) {
        self.id = id
        self.holder = holder
        self.others = others
    }
}
