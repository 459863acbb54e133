// SPDX-License-Identifier: GPL-2.0-or-later
public import Addressing

extension IPAddress: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        guard let address = IPAddress(text) else { preconditionFailure("\(text) is no address") }
        self = address
    }
}

extension IPPrefix: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        guard let prefix = IPPrefix(text) else { preconditionFailure("\(text) is no network") }
        self = prefix
    }
}
