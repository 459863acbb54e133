// SPDX-License-Identifier: GPL-2.0-or-later
/// Why an endpoint is in a list of real servers, or why it is not.
public enum EndpointVerdict: String, CaseIterable, Hashable, Sendable {
    /// In the list.
    case ready = "ready"
    /// In the list, because no endpoint that the list could take is ready.
    case servingWhileTerminating = "serving while terminating, and none is ready"

    case notReady = "not ready"
    case terminated = "terminating, and no longer serving"
    case readyOnesExist = "serving while terminating, but others are ready"
    case otherNode = "on another node"
    case hintedToOtherNodes = "its hints name other nodes"
    case hintedToOtherZones = "its hints name other zones"
    case duplicate = "another endpoint has the same address and port"
    case listUnused = "no traffic policy uses the list"

    /// Whether the endpoint is in the list.
    public var isChosen: Bool {
        self == .ready || self == .servingWhileTerminating
    }
}
