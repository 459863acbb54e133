// SPDX-License-Identifier: GPL-2.0-or-later
import InMemoryLogging
import Logging

extension InMemoryLogHandler {
    /// What was logged, a line each: the message, and then the metadata in the order of its keys.
    var lines: [String] {
        entries.map { entry in
            let values = entry.metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return ([entry.message.description] + values).joined(separator: " ")
        }
    }
}
