// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

extension IPSetDefinition {
    /// Doubles the number of members that it takes until there is room for so many.
    mutating func makeRoom(for count: Int) {
        while count > Int(maximumElements) { maximumElements = max(1, maximumElements) * 2 }
    }
}
