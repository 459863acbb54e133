// SPDX-License-Identifier: GPL-2.0-or-later
import ArgumentParser

@testable import KubeProxyConfig

/// Reads flags as the program does.
protocol FlagReading {}

extension FlagReading {
    private static var header: String { "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n" }

    func parse(_ arguments: [String]) throws -> KubeProxyFlags {
        try KubeProxyFlags.parse(KubeProxyFlags.normalizing(arguments))
    }

    func load(_ arguments: [String], file: String? = nil) throws -> LoadedConfiguration {
        try parse(arguments).load(file: file.map { Self.header + $0 }, hostname: "host")
    }

    /// The messages of what is wrong.
    func problems(_ arguments: [String], file: String? = nil) throws -> [String] {
        do {
            _ = try load(arguments, file: file)
            return []
        } catch ConfigurationError.invalid(let settings) {
            return settings.map(\.description)
        }
    }
}
