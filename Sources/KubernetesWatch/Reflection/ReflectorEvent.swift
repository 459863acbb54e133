// SPDX-License-Identifier: GPL-2.0-or-later
/// What a reflector has to tell besides the objects: for logs and metrics.
public enum ReflectorEvent: Hashable, Sendable {
    /// All objects have been listed.
    case listed(count: Int, version: ResourceVersion)
    /// A watch has begun.
    case watching(after: ResourceVersion)
    /// The server ended a watch in good order.
    case watchEnded
    /// A list or a watch failed. It is tried again after `delay`.
    case failed(APIError, isListing: Bool, delay: Duration)
}
