// SPDX-License-Identifier: GPL-2.0-or-later
import DataplaneModel

extension SetKeeper {
    /// Makes the sets that are missing, before it is known what is in them. A set that cannot be looked at or made is left to
    /// the next reading, which says why.
    ///
    /// - Returns: how many were made, and whether all are there and of the kind that rules match on.
    func makeMissing(on dataplane: any IPSetDataplane) -> (made: Int, areUsable: Bool) {
        var made = 0
        var areUsable = true
        for set in ServiceSet.allCases {
            let definition = IPSetDefinition(set, family)
            do throws(DataplaneError) {
                if let found = try dataplane.definition(ofSetNamed: definition.name) {
                    areUsable = areUsable && found.type == definition.type && found.family == definition.family
                } else {
                    try dataplane.create(definition)
                    made += 1
                }
            } catch {
                areUsable = false
            }
        }
        return (made, areUsable)
    }
}
