// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing
public import DataplaneModel

/// The name of a kernel object that can be refused by itself.
public enum KernelObjectName: Hashable, Sendable {
    case virtualServer(VirtualServer.ID)
    case setEntry(SetMembership)
    case address(IPAddress)
}

/// All objects of a family that the kernel has refused and that are still wanted otherwise than the kernel has them.
public struct RefusedObjects: Sendable {
    var virtualServers = Refusals<VirtualServer.ID>()
    var setEntries = Refusals<SetMembership>()
    var addresses = Refusals<IPAddress>()

    init() {}

    init(
        virtualServers: Refusals<VirtualServer.ID>,
        setEntries: Refusals<SetMembership>,
        addresses: Refusals<IPAddress>
    ) {
        self.virtualServers = virtualServers
        self.setEntries = setEntries
        self.addresses = addresses
    }

    /// Objects that were refused at that instant for the first time.
    public init(_ refusals: [KernelObjectName: Refusal], at now: ContinuousClock.Instant) {
        for (name, refusal) in refusals {
            switch name {
            case .virtualServer(let id): virtualServers.note(id, refusal, at: now)
            case .setEntry(let membership): setEntries.note(membership, refusal, at: now)
            case .address(let address): addresses.note(address, refusal, at: now)
            }
        }
    }

    public var isEmpty: Bool { virtualServers.isEmpty && setEntries.isEmpty && addresses.isEmpty }
    public var count: Int { virtualServers.count + setEntries.count + addresses.count }

    /// What the kernel last said of each, in no particular order.
    public var refusals: [Refusal] {
        isEmpty ? [] : Array(virtualServers.last) + Array(setEntries.last) + Array(addresses.last)
    }

    /// Hands over each with what the kernel last said of it, in no particular order.
    public func forEach(_ body: (KernelObjectName, Refusal) -> Void) {
        virtualServers.forEach { body(.virtualServer($0), $1) }
        setEntries.forEach { body(.setEntry($0), $1) }
        addresses.forEach { body(.address($0), $1) }
    }

    /// When the first of them may be tried again; `nil` where there is none.
    var nextRetry: ContinuousClock.Instant? {
        [virtualServers.nextRetry, setEntries.nextRetry, addresses.nextRetry].compactMap(\.self).min()
    }
}
