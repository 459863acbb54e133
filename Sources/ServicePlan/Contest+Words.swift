// SPDX-License-Identifier: GPL-2.0-or-later
package import DataplaneModel

extension Contest<ServicePortID>.Party {
    /// Such as `default/kubernetes:https (cluster IP)`.
    package var words: String { "\(owner) (\(claim.words))" }
}

extension VirtualServer.Claim {
    /// Such as `cluster IP`.
    package var words: String { VirtualIP.Kind(self).rawValue }
}
