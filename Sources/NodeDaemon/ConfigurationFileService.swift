// SPDX-License-Identifier: GPL-2.0-or-later
import Logging
import ServiceLifecycle
import SmallFiles

/// Ends the daemon when its configuration file says something else than at the start. The next start reads it, as with
/// kube-proxy; unlike there, a file that was only touched changes nothing.
struct ConfigurationFileService: Service {
    let path: String
    let contents: [UInt8]
    let logger: Logger

    /// The kubelet replaces the files of a ConfigMap about once a minute, so there is no hurry.
    private static var interval: Duration { .seconds(2) }

    /// - Throws: `ConfigurationChanged`.
    func run() async throws {
        try await cancelWhenGracefulShutdown {
            var problem: FileProblem?
            while true {
                do {
                    try await Task.sleep(for: Self.interval)
                } catch {
                    return  // The daemon ends.
                }
                let current: [UInt8]
                do throws(FileProblem) {
                    current = try SmallFile.read(path)
                } catch {
                    // It may be in the middle of being replaced; and what the daemon was told still holds.
                    if error != problem {
                        logger.warning(
                            "the configuration file cannot be read any more",
                            metadata: ["file": "\(path)", "error": "\(error)"]
                        )
                    }
                    problem = error
                    continue
                }
                problem = nil
                guard current == contents else { throw ConfigurationChanged(path: path) }
            }
        }
    }
}

/// The daemon ends because its configuration file has changed.
public struct ConfigurationChanged: Error, CustomStringConvertible {
    public var path: String

    public var description: String { "\(path) has changed; the next start reads it" }
}
