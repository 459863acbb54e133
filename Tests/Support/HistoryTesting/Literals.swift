// SPDX-License-Identifier: GPL-2.0-or-later
import Addressing

func address(_ text: String) -> IPAddress {
    guard let address = IPAddress(text) else { preconditionFailure("\(text) is no address") }
    return address
}

func network(_ text: String) -> IPPrefix {
    guard let prefix = IPPrefix(text) else { preconditionFailure("\(text) is no network") }
    return prefix
}
