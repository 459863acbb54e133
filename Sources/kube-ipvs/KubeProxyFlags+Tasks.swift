// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser
import KubeProxyConfig

extension KubeProxyFlags {
    /// Refuses flags that ask the daemon's command to do something else than to serve. A command that only looks would leave
    /// them undone without a word.
    ///
    /// - Throws: a `ValidationError` that names them.
    func refuseTasks(besides command: String) throws {
        let tasks = [
            ("--cleanup", cleanup), ("--init-only", initOnly), ("--version", version != .none),
            ("--write-config-to", writeConfigTo != nil),
        ]
        .filter(\.1).map(\.0)
        guard tasks.isEmpty else {
            throw ValidationError(
                "\(command) does not take \(tasks.joined(separator: ", ")): that is for `kube-ipvs run`")
        }
    }
}
