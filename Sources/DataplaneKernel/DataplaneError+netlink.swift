// SPDX-License-Identifier: GPL-2.0-or-later
import Netlink
import Reconcile

extension DataplaneError {
    /// The failure of an attempt, such as `add virtual server TCP 10.0.0.1:443`, with the kernel's number and words.
    init(_ part: Part, _ attempt: String, _ error: NetlinkError) {
        self.init(part: part, number: error.errno.rawValue, explanation: "cannot \(attempt): \(error)")
    }
}
