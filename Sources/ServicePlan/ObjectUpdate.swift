// SPDX-License-Identifier: GPL-2.0-or-later
public import KubernetesObjects

/// A change to the objects that the plan is made from, as a source of objects tells of it.
public enum ObjectUpdate: Hashable, Sendable {
    /// Appeared, or is now this.
    case service(Service)
    case serviceRemoved(ObjectName)
    /// Appeared, or is now this; its Service may be another one than before.
    case slice(EndpointSlice)
    case sliceRemoved(ObjectName)
}
