// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import SystemTesting

/// The PKIs that `PKI/make` makes, once for all tests.
actor ClusterPKI {
    static let shared = ClusterPKI()

    /// A PKI, in PEM.
    struct Row: Sendable {
        var trust: String
        var chain: String
        var key: String
        /// Whom the certificate must be for.
        var name: String
    }

    private var made: Task<TestDirectory, any Error>?

    func row(_ name: String) async throws -> Row {
        let directory = try await directory()
        return Row(
            trust: try directory.read("rows/\(name)/trust.pem"),
            chain: try directory.read("rows/\(name)/chain.pem"),
            key: try directory.read("rows/\(name)/key.pem"),
            name: try directory.read("rows/\(name)/name")
        )
    }

    /// What stands in a file that belongs to no row.
    func text(_ file: String) async throws -> String {
        try await directory().read(file)
    }

    func rows() async throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: try await directory().path + "/rows"))
    }

    private func directory() async throws -> TestDirectory {
        let task = made ?? Task { try await Self.make() }
        made = task
        return try await task.value
    }

    private static func make() async throws -> TestDirectory {
        let directory = try TestDirectory()
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        try await command("bash", tests.appending(path: "PKI/make").path(), directory.path)
        return directory
    }
}
