// SPDX-License-Identifier: GPL-2.0-or-later
package import KubernetesObjects

extension DocumentNode {
    /// The document as JSON on one line.
    package var json: [UInt8] { JSONValue(self).text }
}
