// SPDX-License-Identifier: GPL-2.0-or-later
/// Why the daemon cannot start, as a sentence for an operator.
public struct StartError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) {
        self.description = description
    }
}
